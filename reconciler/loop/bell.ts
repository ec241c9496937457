import type { Clock } from '../ports.ts'

export type Bell = {
  ring(): void
  /** Until it rings or `ms` have passed; at once if it rang since the last wait. */
  wait(ms: number): Promise<void>
}

/** Events only ring: what is to be done is then decided from the state of things. */
export const createBell = (clock: Clock): Bell => {
  let rung = false
  let nap: AbortController | undefined
  return {
    ring: () => {
      rung = true
      nap?.abort()
    },
    wait: async (ms) => {
      if (!rung && ms > 0) {
        nap = new AbortController()
        await clock.sleep(ms, nap.signal)
        nap = undefined
      }
      rung = false
    },
  }
}
