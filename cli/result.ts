import type { Reason } from '../reconciler/model/reason.ts'
import type { Text } from '../specs/text.ts'

/** An answer, or why there is none: what could go wrong is a value that the caller must look at. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: Reason }

export const ok = <T>(value: T): Result<T> => ({ ok: true, value })

export const refuse = (
  code: string,
  message: Text,
  detail?: string,
): { readonly ok: false; readonly reason: Reason } => ({
  ok: false,
  reason: { code, message, ...(detail === undefined ? {} : { detail }) },
})
