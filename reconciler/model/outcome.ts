import type { Change } from './change.ts'
import type { Instant } from './ids.ts'
import type { FailureClass } from './plan.ts'
import type { Reason } from './reason.ts'

/** How one change of an action went. */
export type StepResult = {
  readonly change: Change
  readonly ok: boolean
  readonly exitCode?: number
  /** The end of what it printed, at most 16 KiB. */
  readonly output: string
  /** Of the change alone; changes made in one go (an apt transaction) share its time between them. */
  readonly durationMs: number
  /** What came over the lycée's network for a disk, compressed, as the imager counted it. */
  readonly fetchedBytes?: number
  readonly class?: FailureClass
  readonly reason?: Reason
}

/** How an action ended. Every change has its result in `results` unless nothing was started. */
export type Outcome =
  | { readonly kind: 'complete'; readonly results: readonly StepResult[]; readonly at: Instant }
  /** The PC was no longer as the plan assumed: nothing was done; look again. */
  | { readonly kind: 'wrong-precondition'; readonly reason: Reason; readonly at: Instant }
  /** The PC obeys a newer target already: this plan is out of date. */
  | { readonly kind: 'refused'; readonly reason: Reason; readonly at: Instant }
  | {
      readonly kind: 'failed'
      readonly class: FailureClass
      readonly reason: Reason
      readonly results: readonly StepResult[]
      readonly at: Instant
    }

/** What an action tells while it runs: for live progress only, never for decisions. */
export type Progress = {
  readonly step?: Change
  readonly line?: string
  readonly done: number
  readonly total: number
  readonly disk?: DiskProgress
}

/** Of a disk that is made equal, compared or captured. */
export type DiskProgress = {
  /** `coming`: until the imager has started on the PC. `starting`: the imager has done its part, the PC's own system starts. */
  readonly phase:
    | 'coming'
    | 'layout'
    | 'compare'
    | 'write'
    | 'verify'
    | 'grow'
    | 'identity'
    | 'boot'
    | 'cache'
    | 'capture'
    | 'keep'
    | 'starting'
  readonly partition?: string
  /** Of `totalBytes`; of these, `fetchedBytes` came over the network and `writtenBytes` went to the disk. */
  readonly readBytes: number
  readonly totalBytes: number
  readonly fetchedBytes: number
  readonly writtenBytes: number
  readonly bytesPerSecond: number
  readonly leftMs?: number
}
