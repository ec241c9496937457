/** Time that passes only when nothing else can happen: hours take milliseconds, and the same seed gives the same run. */
import { setImmediate as macrotask } from 'node:timers/promises'
import type { Instant } from '../../reconciler/model/ids.ts'
import type { Clock } from '../../reconciler/ports.ts'

export type VirtualClock = Clock & {
  /**
   * Lets time pass until the promise settles.
   * @throws Error when nothing is left that could settle it, or after `limitMs` of virtual time (30 days by default).
   */
  until<Result>(promise: Promise<Result>, limitMs?: number): Promise<Result>
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>
}

type Timer = { readonly at: Instant; readonly order: number; readonly wake: () => void }

const monthMs = 30 * 24 * 3_600_000

export const createVirtualClock = (start: Instant): VirtualClock => {
  let now = start
  let order = 0
  const timers = new Set<Timer>()

  const earliest = (): Timer | undefined => {
    let first: Timer | undefined
    for (const timer of timers)
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    return first
  }

  const fire = (timer: Timer): void => {
    timers.delete(timer)
    now = Math.max(now, timer.at)
    timer.wake()
  }

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      order += 1
      const stop = () => {
        timers.delete(timer)
        resolve()
      }
      const wake = () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }
      const timer = { at: now + Math.max(0, ms), order, wake }
      timers.add(timer)
      signal?.addEventListener('abort', stop, { once: true })
    })

  const until = async <Result>(promise: Promise<Result>, limitMs = monthMs): Promise<Result> => {
    const giveUpAt = now + limitMs
    let settled = false
    const settle = () => {
      settled = true
    }
    promise.then(settle, settle)
    for (;;) {
      // All promises that can go on have gone on before the next macrotask.
      await macrotask()
      if (settled) return promise
      const timer = earliest()
      if (!timer) throw new Error('nothing is left that could happen, and it has not ended')
      if (timer.at > giveUpAt) throw new Error(`it has not ended after ${limitMs} ms of virtual time`)
      fire(timer)
    }
  }

  return {
    now: () => now,
    sleep,
    until,
    pass: (ms) => until(sleep(ms), ms),
  }
}
