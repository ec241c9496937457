import type { Phase, Progress, Tally } from '../../imaging/protocol.ts'

/** As the protocol has it, without the job's id, which the engine does not know. */
export type EngineProgress = Omit<Progress, 'job'>

export type PartitionCount = { readonly name: string; chunks: number; differing: number }

/** What was done so far, over all partitions; reported at most twice a second. */
export type Counters = {
  read: number
  matched: number
  fetched: number
  fromCache: number
  written: number
  readonly perPartition: PartitionCount[]
  /** Bytes that are known to be right. */
  settle(bytes: number): void
  /** What is being done now: reported with the next figures. */
  phase(phase: Phase, partition?: string): void
  tally(): Tally
}

const reportEveryMs = 500
/** The rate is that of the last seconds: a disk is faster at its beginning, a network in the morning. */
const rateOverMs = 5_000

export const createCounters = (
  total: number,
  report: (progress: EngineProgress) => void,
  now: () => number = () => performance.now(),
): Counters => {
  const startedAt = now()
  let current: { readonly phase: Phase; readonly partition?: string } = { phase: 'compare' }
  let settled = 0
  let reportedAt = Number.NEGATIVE_INFINITY
  const samples: { readonly at: number; readonly settled: number }[] = [{ at: startedAt, settled: 0 }]

  const rate = (at: number): number => {
    samples.push({ at, settled })
    while (samples.length > 2 && (samples[1]?.at ?? at) < at - rateOverMs) samples.shift()
    const first = samples[0]
    return first === undefined || at <= first.at ? 0 : ((settled - first.settled) * 1000) / (at - first.at)
  }
  const send = (always: boolean): void => {
    const at = now()
    if (!always && at - reportedAt < reportEveryMs) return
    reportedAt = at
    const perSecond = rate(at)
    report({
      ...current,
      read: counters.read,
      matched: counters.matched,
      fetched: counters.fetched,
      written: counters.written,
      total,
      rate: Math.round(perSecond),
      ...(perSecond > 0 ? { leftMs: Math.round(((total - settled) * 1000) / perSecond) } : {}),
    })
  }

  const counters: Counters = {
    read: 0,
    matched: 0,
    fetched: 0,
    fromCache: 0,
    written: 0,
    perPartition: [],
    settle: (bytes) => {
      settled = Math.min(total, settled + bytes)
      send(false)
    },
    phase: (phase, partition) => {
      if (current.phase === phase && current.partition === partition) return
      current = { phase, ...(partition === undefined ? {} : { partition }) }
      send(true)
    },
    tally: () => ({
      read: counters.read,
      matched: counters.matched,
      fetched: counters.fetched,
      fromCache: counters.fromCache,
      written: counters.written,
      durationMs: Math.round(now() - startedAt),
      perPartition: counters.perPartition.map((count) => ({ ...count })),
    }),
  }
  return counters
}
