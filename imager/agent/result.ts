/** How the imager's steps end: expected failures are values, each with the reason that the PC's screen and the site server show. */
import type { ImagerReason } from '../../imaging/protocol.ts'

export type Failed = {
  readonly ok: false
  readonly reason: ImagerReason
  /** The particulars: names, numbers, what a program said. Not a sentence; the sentence is the reason's (imaging/reasons.ts). */
  readonly detail: string
}

export type Result<T> = { readonly ok: true; readonly value: T } | Failed

export const done = <T>(value: T): Result<T> => ({ ok: true, value })

export const failed = (reason: ImagerReason, detail: string): Failed => ({ ok: false, reason, detail })
