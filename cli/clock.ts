import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../reconciler/ports.ts'

/** setTimeout's longest delay, about 24.8 days; a longer sleep ends early, and whoever sleeps looks at the clock again anyway. */
const longestSleepMs = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    try {
      await sleep(bounded(ms), undefined, signal ? { signal } : {})
    } catch (error) {
      // An aborted sleep is an ordinary end of it.
      if (!(signal?.aborted ?? false)) throw error
    }
  },
  after: (ms, wake) => {
    const timer = setTimeout(wake, bounded(ms))
    return () => clearTimeout(timer)
  },
}

const bounded = (ms: number): number => Math.min(Math.max(ms, 0), longestSleepMs)
