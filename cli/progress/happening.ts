import type { EventKind } from '../../reconciler/model/event.ts'
import type { MachineId, Revision, RolloutId } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { DiskProgress, Outcome, Progress } from '../../reconciler/model/outcome.ts'
import type { Action, Decision } from '../../reconciler/model/plan.ts'
import type { Reason, Text } from '../../reconciler/model/reason.ts'
import type { Tally } from '../../reconciler/rollout-tally.ts'

/** What `up` tells while it works, whoever watches: a person at a terminal, a log, a program. */
export type Happening =
  | { readonly kind: 'started'; readonly source: string; readonly store: string }
  /** Machines are to have another revision from now on; what was decided before no longer counts. */
  | { readonly kind: 'revision'; readonly revision: Revision; readonly machines: number }
  /** A revision that changes nothing: broken, empty, or held for approval. */
  | { readonly kind: 'revision-refused'; readonly revision: Revision; readonly reason: Reason }
  /** A wave opened or passed, the rollout stopped, went on or ended. `under-way`: one that had begun is told of for the first time. */
  | {
      readonly kind: 'rollout'
      readonly rollout: RolloutId
      readonly revision: Revision
      readonly news: EventKind | 'under-way'
      readonly message: Text
      readonly total: Tally
    }
  | { readonly kind: 'observed'; readonly observed: Observed }
  /** Told when it is another one than before. */
  | { readonly kind: 'decided'; readonly machine: MachineId; readonly decision: Decision }
  | { readonly kind: 'acting'; readonly action: Action }
  | { readonly kind: 'progress'; readonly machine: MachineId; readonly progress: Progress }
  /** What the imager does. `phase`: it has begun with something else than before. */
  | {
      readonly kind: 'imaging'
      readonly machine: MachineId
      readonly progress: DiskProgress
      readonly isNewPhase: boolean
    }
  | { readonly kind: 'ended'; readonly action: Action; readonly outcome: Outcome }
  /** Something of ours does not work (the store, the park's folder); it is tried again. */
  | { readonly kind: 'trouble'; readonly reason: Reason }
  /** With `--once`: what it stays for although nothing else can be done now. */
  | { readonly kind: 'waiting'; readonly reason: Reason; readonly atMostMs: number }
  | { readonly kind: 'stopping' }
  | {
      readonly kind: 'finished'
      readonly result: 'converged' | 'blocked' | 'stopped'
      readonly machines: number
      readonly converged: number
    }

export type View = {
  show(happening: Happening): void
  /** Leaves the terminal as a shell expects it. */
  close(): void
}
