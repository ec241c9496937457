import type { Instant, MachineId } from '../../reconciler/model/ids.ts'
import type { Outcome } from '../../reconciler/model/outcome.ts'
import type { Action } from '../../reconciler/model/plan.ts'

/** What really happened at a PC, whatever a loop or a store believes. */
export type Happened =
  /** An action has begun: the PC took it, or a magic packet was sent for it. `sentAt`: when the provider was asked. */
  | {
      readonly kind: 'started'
      readonly machine: MachineId
      readonly action: Action
      readonly at: Instant
      readonly sentAt: Instant
      /** Of people who were logged in at that moment. */
      readonly sessions: number
    }
  | {
      readonly kind: 'ended'
      readonly machine: MachineId
      readonly action: Action
      readonly at: Instant
      /** Undefined: it was cut off. */
      readonly outcome: Outcome | undefined
    }
  /** Somebody asked how it is, and it answered. */
  | { readonly kind: 'answered'; readonly machine: MachineId; readonly at: Instant }

export type Witness = (happened: Happened) => void
