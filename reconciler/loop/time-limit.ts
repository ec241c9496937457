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

/** Tells the work to stop when the time is over or the caller stops; what does not listen is left behind a little later. */
export const withinLimit = async <Result>(limit: TimeLimit<Result>): Promise<Result> => {
  const { clock, limitMs, signal, work, late, broken } = limit
  const stop = new AbortController()
  const { promise: leftBehind, resolve: leave } = Promise.withResolvers<void>()
  const end = (): void => {
    callOff()
    stop.abort()
    callOff = clock.after(graceMs, leave)
  }
  let callOff = clock.after(limitMs, end)
  const forget = onStop(signal, end)
  try {
    return await Promise.race([work(stop.signal).catch(broken), leftBehind.then(late)])
  } finally {
    forget()
    callOff()
  }
}
