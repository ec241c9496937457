import type { MachineId, Revision } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { DiskProgress, Outcome, Progress } from '../../reconciler/model/outcome.ts'
import type { Action, Decision } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'

/** What `up` tells while it works, whoever watches: a person at a terminal, a log, a program. */
export type Happening =
  | { readonly kind: 'started'; readonly source: string; readonly store: string }
  /** Machines are to have another revision from now on; what was decided before no longer counts. */
  | { readonly kind: 'revision'; readonly revision: Revision; readonly machines: number }
  /** A revision that changes nothing: broken, empty, or held for approval. */
  | { readonly kind: 'revision-refused'; readonly revision: Revision; readonly reason: Reason }
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
