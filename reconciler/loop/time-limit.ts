import type { Clock } from '../ports.ts'

/** How long a provider that was told to stop has to answer before it is left behind. */
const graceMs = 10_000

export type TimeLimit<Result> = {
  readonly clock: Clock
  readonly limitMs: number
  readonly signal: AbortSignal
  readonly work: (signal: AbortSignal) => Promise<Result>
  /** The answer in the place of one that does not come. */
  readonly late: () => Result
  /** The answer in the place of one that broke: a provider's promise should never reject. */
  readonly broken: (thrown: unknown) => Result
}

/** Tells the work to stop when the time is over or the caller stops; what does not listen is left behind a little later. */
export const withinLimit = async <Result>(limit: TimeLimit<Result>): Promise<Result> => {
  const { clock, limitMs, signal, work, late, broken } = limit
  const stop = new AbortController()
  const over = new AbortController()
  let grace: AbortController | undefined
  let answered = false
  const abort = () => {
    stop.abort()
    over.abort()
  }
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  const watch = async (): Promise<Result> => {
    await clock.sleep(limitMs, over.signal)
    if (!answered) {
      stop.abort()
      grace = new AbortController()
      await clock.sleep(graceMs, grace.signal)
    }
    return late()
  }
  try {
    return await Promise.race([work(stop.signal).catch(broken), watch()])
  } finally {
    answered = true
    signal.removeEventListener('abort', abort)
    over.abort()
    grace?.abort()
  }
}
