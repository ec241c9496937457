/** What the reset page needs of the rest: given by the composition root. */
import type { Instant } from '../../reconciler/model/ids.ts'
import type { Text } from '../../specs/text.ts'

export interface ResetDesk {
  /** Rooms of this lycée with the PCs that may be reset from the page: those of policy `never` are not among them. */
  rooms(): Promise<readonly ResetRoom[]>
  /** Asks for a reset of these machines; `who` goes to the request and the audit log. A machine for which one is open already stays with that. */
  request(machines: readonly string[], who: string): Promise<void>
  /** In constant time (`pinMatches`). */
  pinIsRight(pin: string): Promise<boolean>
}

export type ResetRoom = {
  readonly id: string
  readonly title: string
  readonly machines: readonly ResetMachine[]
}

export type ResetMachine = {
  readonly id: string
  readonly name: string
  readonly state: /** As it should be, or nothing is known against it. */
    | { readonly kind: 'ready' }
    | { readonly kind: 'asked'; readonly at: Instant }
    /** `share` 0..1 of the bytes to be looked at. */
    | { readonly kind: 'running'; readonly share?: number; readonly leftMs?: number }
    | { readonly kind: 'failed'; readonly message: Text }
  /** Undefined: never, or not known. */
  readonly lastResetAt?: Instant
}
