import type { DiskRequestId, Instant, MachineId } from '../model/ids.ts'
import type { Clock } from '../ports.ts'
import type { Store } from '../store/store.ts'

export type RequestWatch = {
  /** The machines for which something was asked since the last call. Asks the store no more often than it should. */
  news(): Promise<readonly MachineId[]>
  nextAt(): Instant
}

/** Whoever asks (the command line, the reset page, a boot menu) does so in the store, and maybe in another process: it is read again and again. */
export const createRequestWatch = (
  store: Pick<Store, 'diskRequests'>,
  clock: Clock,
  everyMs: number,
): RequestWatch => {
  let known: ReadonlySet<DiskRequestId> = new Set()
  let readAt: Instant = 0
  return {
    news: async () => {
      if (clock.now() < readAt) return []
      const requests = await store.diskRequests()
      readAt = clock.now() + everyMs
      const fresh = requests.filter(({ id }) => !known.has(id))
      known = new Set(requests.map(({ id }) => id))
      return [...new Set(fresh.map(({ machine }) => machine))]
    },
    nextAt: () => readAt,
  }
}
