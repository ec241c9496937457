import type { Clock } from '../ports.ts'
import { onStop } from './stops.ts'

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

/** Without a reason of its own each abort would make an error, and take down where it came from. */
const enough = 'enough'

/** Tells the work to stop when the time is over or the caller stops; what does not listen is left behind a little later. */
export const withinLimit = async <Result>(limit: TimeLimit<Result>): Promise<Result> => {
  const { clock, limitMs, signal, work, late, broken } = limit
  const stop = new AbortController()
  const over = new AbortController()
  let grace: AbortController | undefined
  let answered = false
  const forget = onStop(signal, () => {
    stop.abort()
    over.abort(enough)
  })
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
    forget()
    over.abort(enough)
    grace?.abort(enough)
  }
}
