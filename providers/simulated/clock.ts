/** Time that passes only when nothing else can happen: hours take milliseconds, and the same seed gives the same run. */
import { setImmediate as macrotask } from 'node:timers/promises'
import type { Instant } from '../../reconciler/model/ids.ts'
import type { Clock } from '../../reconciler/ports.ts'
import { createTimers } from './timers.ts'

export type VirtualClock = Clock & {
  /**
   * Lets time pass until the promise settles.
   * @throws Error when nothing is left that could settle it, or after `limitMs` of virtual time (30 days by default).
   */
  until<Result>(promise: Promise<Result>, limitMs?: number): Promise<Result>
  /** Lets so much time pass. */
  pass(ms: number): Promise<void>
  /** Calls back at that instant; returns how to call it off. Cheaper than a sleep: nothing is promised. */
  at(instant: Instant, wake: () => void): () => void
}

const monthMs = 30 * 24 * 3_600_000

export const createVirtualClock = (start: Instant): VirtualClock => {
  let now = start
  const timers = createTimers()

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const timer = timers.add(now + Math.max(0, ms), () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      })
      function stop(): void {
        timer.wake = undefined
        resolve()
      }
      signal?.addEventListener('abort', stop, { once: true })
    })

  /** All that is due at the next instant, unless that is past `giveUpAt`. */
  const step = (giveUpAt: Instant): 'stepped' | 'nothing' | 'late' => {
    const next = timers.first()
    if (!next) return 'nothing'
    if (next.at > giveUpAt) return 'late'
    now = Math.max(now, next.at)
    for (let timer = timers.first(); timer && timer.at <= now; timer = timers.first()) {
      timers.take()
      timer.wake?.()
    }
    return 'stepped'
  }

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
      const stepped = step(giveUpAt)
      if (stepped === 'nothing') throw new Error('nothing is left that could happen, and it has not ended')
      if (stepped === 'late') throw new Error(`it has not ended after ${limitMs} ms of virtual time`)
    }
  }

  const at = (instant: Instant, wake: () => void): (() => void) => {
    const timer = timers.add(Math.max(now, instant), wake)
    return () => {
      timer.wake = undefined
    }
  }

  return {
    now: () => now,
    sleep,
    until,
    pass: (ms) => until(sleep(ms), ms),
    at,
    after: (ms, wake) => at(now + ms, wake),
  }
}
