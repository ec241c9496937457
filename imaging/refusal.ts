import { say, type Text } from '../specs/text.ts'

/** Why something was not done: a stable code for programs, a message for a person, and what another program said. */
export type Refusal = {
  readonly ok: false
  readonly code: string
  readonly message: Text
  readonly detail?: string
}

export type Result<T> = { readonly ok: true; readonly value: T } | Refusal

export const right = <T>(value: T): { readonly ok: true; readonly value: T } => ({ ok: true, value })

export const refuse = (code: string, en: string, fr: string, detail?: string): Refusal => ({
  ok: false,
  code,
  message: say(en, fr),
  ...(detail === undefined || detail.trim() === '' ? {} : { detail: detail.trim() }),
})
