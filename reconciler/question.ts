/** What a gate is asked, and what it may answer. */
import type { DesiredMachine, DesiredSite } from '../specs/desired.ts'
import type { Loads } from './capacity.ts'
import type { Estimate } from './duration.ts'
import type { Change } from './model/change.ts'
import type { Instant } from './model/ids.ts'
import type { Observed } from './model/observed.ts'
import type { GateName, History } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import type { Pauses } from './pause.ts'
import type { RolloutHold } from './rollout-gate.ts'
import type { Openings } from './window.ts'

/** May these changes be made on this machine now? */
export type Question = {
  readonly machine: DesiredMachine
  readonly site: DesiredSite
  /** Undefined: nobody has looked at it yet. */
  readonly observed: Observed | undefined
  readonly history: History | undefined
  /** The machine is off: what would be done is to wake it, for the sake of the changes. */
  readonly wake: boolean
  /** It must be looked at before one can say what differs. */
  readonly mustLook: boolean
  /** An image is wanted, and its disk was never looked at. */
  readonly diskUnread: boolean
  /** By manifest digest: what cannot be written yet, and why. */
  readonly awaited: ReadonlyMap<string, Reason> | undefined
  /** What the rollout under way has against the machine. */
  readonly rollout: RolloutHold | undefined
  /** Whether the revision before wanted this change too: a rollout that stands still lets nobody's drift lie. */
  wantedBefore(change: Change): boolean
  readonly pauses: Pauses
  readonly loads: Loads
  readonly freshMs: number
  readonly now: Instant
  openings(): Openings
  estimate(): Estimate
}

export type Verdict =
  /** These may be made, under these conditions: all that were asked for, or some of them. */
  | {
      readonly kind: 'pass'
      readonly changes: readonly Change[]
      readonly deadline?: Instant
      /** Expected, waking and all that passes included. */
      readonly takesMs?: number
      readonly warnMs?: number
      /** They may be made only while nobody is logged in. */
      readonly unoccupied?: true
    }
  | { readonly kind: 'hold'; readonly reason: Reason; readonly until?: Instant }
  /** Some of them not before a person or a commit helps; `until`: when others of them may go on. */
  | { readonly kind: 'stall'; readonly reason: Reason; readonly until?: Instant }

export type Gate = {
  readonly name: GateName
  /**
   * `look`: asked also when nothing differs, as it is about what is known of the machine. `turn`: asked of each machine in its
   * turn, when all were asked the others.
   */
  readonly guards: 'look' | 'changes' | 'turn'
  readonly judge: (question: Question, changes: readonly Change[]) => Verdict
}
