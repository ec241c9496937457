import type { Instant, Revision } from '../model/ids.ts'
import type { Plan } from '../model/plan.ts'
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
  /** For live display only. */
  readonly onProgress?: (progress: LoopProgress) => void
}

export type LoopConfig = {
  /** A full pass, also if nothing woke the loop: what an event failed to tell is found then. */
  readonly passEveryMs: number
  readonly observeEveryMs: number
  /** Longer than `observeEveryMs`: an observation older than this decides nothing. */
  readonly freshMs: number
  readonly observeConcurrency: number
  /** In the audit log. */
  readonly actor: string
  /** One look may take this long, 60 s by default. */
  readonly observeTimeoutMs?: number
  /** A process that was not seen for this long has lost its actions to the others; 30 s by default. */
  readonly staleOwnerMs?: number
  /** `once` waits for what is held no longer than this; 2 min by default. */
  readonly horizonMs?: number
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
}

/** The configuration with its defaults. */
export type Settings = Required<Omit<LoopConfig, 'lease'>> & Pick<LoopConfig, 'lease'>

export const settingsOf = (config: LoopConfig): Settings => ({
  observeTimeoutMs: 60_000,
  staleOwnerMs: 30_000,
  horizonMs: 120_000,
  approve: [],
  ...config,
})

/** Later than any other instant. */
export const never: Instant = Number.POSITIVE_INFINITY
