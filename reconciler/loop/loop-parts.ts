import type { Desired } from '../../specs/desired.ts'
import type { Instant, MachineId, Revision } from '../model/ids.ts'
import type { KnownImage, Plan } from '../model/plan.ts'
import type { Reason } from '../model/reason.ts'
import type { Clock, Provider, Random, Source } from '../ports.ts'
import type { Store } from '../store/store.ts'
import type { LoopProgress } from './progress.ts'

export type LoopParts = {
  readonly store: Store
  readonly source: Source
  readonly provider: Provider
  readonly clock: Clock
  readonly random: Random
  /** Names this process in the store: unique among those that live at the same time. */
  readonly owner: string
  readonly config: LoopConfig
  /** What is known of image versions, by manifest digest, for forecasts; asked at each plan. */
  readonly images?: () => ReadonlyMap<string, KnownImage>
  /** Image versions that these machines are to have and that are not known to be complete here, by manifest digest, and why; asked at each plan. */
  readonly awaited?: (desired: Desired) => ReadonlyMap<string, Reason>
  /** For live display only. */
  readonly onProgress?: (progress: LoopProgress) => void
}

export type LoopConfig = {
  /** A full pass, also if nothing woke the loop: what an event failed to tell is found then. */
  readonly passEveryMs: number
  readonly observeEveryMs: number
  /** A machine that was found off, where `look` tells of each that starts; by default as often as the others. */
  readonly observeOffEveryMs?: number
  /** Longer than `observeEveryMs`: an observation older than this decides nothing. */
  readonly freshMs: number
  readonly observeConcurrency: number
  /** News that come within it are answered together, so that a room of PCs is one plan; 25 ms by default. */
  readonly gatherMs?: number
  /** How soon what a person asked for (a reset, a verification) is seen; by default with the next full pass. */
  readonly requestsEveryMs?: number
  /** In the audit log. */
  readonly actor: string
  /** One look may take this long, 60 s by default. */
  readonly observeTimeoutMs?: number
  /** A process that was not seen for this long has lost its actions to the others; 30 s by default. */
  readonly staleOwnerMs?: number
  /** `once` waits for what is held no longer than this; 2 min by default. */
  readonly horizonMs?: number
  /** `once` waits for images that are being fetched no longer than this; 6 h by default, as long as one action may last. */
  readonly imagesWithinMs?: number
  /** Revisions that may remove more machines than the park's limit. */
  readonly approve?: readonly Revision[]
  /** With it only the loop that has the lease works, and others stand by: it saves double work, and nothing rests on it. */
  readonly lease?: { readonly name: string; readonly ttlMs: number }
}

export type Loop = {
  /** Reconciles until the signal aborts; resolves when everything was let go. */
  run(signal: AbortSignal): Promise<void>
  /**
   * Looks at every machine and works until all are as wanted, or until only what must wait is left.
   * @throws StoreError when the store stays unusable.
   */
  once(signal: AbortSignal): Promise<'converged' | 'blocked'>
  /** One full pass: reads, plans and starts what is to be done, without waiting for it. Undefined: there is no target yet. */
  pass(signal: AbortSignal): Promise<Plan | undefined>
  /** Something may have changed: look at the source and the store again soon. */
  wake(): void
  /** Something happened at this machine: look at it at once. */
  look(machine: MachineId): void
}

/** The configuration with its defaults. */
export type Settings = Required<Omit<LoopConfig, 'lease'>> & Pick<LoopConfig, 'lease'>

export const settingsOf = (config: LoopConfig): Settings => ({
  gatherMs: 25,
  observeTimeoutMs: 60_000,
  staleOwnerMs: 30_000,
  horizonMs: 120_000,
  imagesWithinMs: 6 * 3_600_000,
  approve: [],
  requestsEveryMs: config.passEveryMs,
  observeOffEveryMs: config.observeEveryMs,
  ...config,
})

/** Later than any other instant. */
export const never: Instant = Number.POSITIVE_INFINITY
