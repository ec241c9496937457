import type { Text } from '../../specs/text.ts'

export type { Locale, Text } from '../../specs/text.ts'

/** Why something is as it is: `code` for machines (stable), `message` for the technician (what, where, what to do). */
export type Reason = {
  readonly code: string
  readonly message: Text
  /** What the PC itself said (the end of an output), verbatim. */
  readonly detail?: string
}
