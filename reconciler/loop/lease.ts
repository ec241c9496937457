import type { Clock } from '../ports.ts'
import type { Store } from '../store/store.ts'

export type Lease = {
  /** Whether this process has it now; taken or renewed where needed. */
  held(): Promise<boolean>
  release(): Promise<void>
}

/** Renewed when a third of its time is left, so that a slow turn does not lose it. */
export const createLease = (
  store: Store,
  clock: Clock,
  name: string,
  holder: string,
  ttlMs: number,
): Lease => {
  let heldUntil = 0
  return {
    held: async () => {
      const now = clock.now()
      if (heldUntil - now > ttlMs / 3) return true
      heldUntil = (await store.lease(name, holder, now, ttlMs)) ? now + ttlMs : 0
      return heldUntil > 0
    },
    release: async () => {
      if (heldUntil === 0) return
      heldUntil = 0
      await store.lease(name, holder, clock.now(), 0)
    },
  }
}
