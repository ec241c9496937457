import type { Random } from '../ports.ts'

const firstMs = 500
const longestMs = 60_000

export type Patience = {
  /** How long to wait before the next try, in milliseconds: exponential, with full jitter over its upper half. */
  next(): number
  /** How many tries have failed in a row. */
  failures(): number
  reset(): void
}

/** For what the loop itself needs and does not get: the store, the source. */
export const createPatience = ({ random }: { readonly random: Random }): Patience => {
  let failures = 0
  return {
    next: () => {
      const ceilingMs = Math.min(longestMs, firstMs * 2 ** Math.min(failures, 20))
      failures += 1
      return Math.ceil(ceilingMs * (0.5 + random() / 2))
    },
    failures: () => failures,
    reset: () => {
      failures = 0
    },
  }
}
