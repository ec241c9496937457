/** What the loop tells while it works, for a person who watches. Decisions never depend on it. */
import type { Instant, MachineId, Revision } from '../model/ids.ts'
import type { Observed } from '../model/observed.ts'
import type { Outcome, Progress } from '../model/outcome.ts'
import type { Action, Plan, Target } from '../model/plan.ts'
import type { Reason } from '../model/reason.ts'
import type { Rollout } from '../model/rollout.ts'
import type { RolloutTally } from '../rollout-tally.ts'

export type LoopProgress =
  | { readonly kind: 'target'; readonly target: Target; readonly machines: number }
  | {
      readonly kind: 'revision-refused' | 'revision-held'
      readonly revision: Revision
      readonly reason: Reason
    }
  /** At a full pass of all machines, else of those that were decided on anew. */
  | { readonly kind: 'planned'; readonly plan: Plan }
  /** After each step of the rollout under way. */
  | { readonly kind: 'rollout'; readonly rollout: Rollout; readonly tally: RolloutTally }
  | { readonly kind: 'observed'; readonly observed: Observed }
  | { readonly kind: 'started'; readonly action: Action; readonly joined: boolean }
  | {
      readonly kind: 'running'
      readonly machine: MachineId
      readonly action: Action
      readonly progress: Progress
    }
  | { readonly kind: 'ended'; readonly action: Action; readonly outcome: Outcome }
  /** `once` has nothing else to do than to wait for this, and will not wait longer. */
  | { readonly kind: 'waiting'; readonly reason: Reason; readonly atMostMs: number }
  /** Something that the loop itself needs does not work; it tries again at `retryAt`. */
  | { readonly kind: 'trouble'; readonly reason: Reason; readonly retryAt: Instant }
