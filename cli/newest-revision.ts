import type { Event } from '../reconciler/model/event.ts'
import type { Store } from '../reconciler/store/store.ts'

/** A revision is spoken of rarely among what machines do; this far back it is looked for. */
const searchedEvents = 2000

/** What was last said of a revision of the park: that it became the target, was refused, or is held for approval. */
export const newestWord = async (store: Store): Promise<Event | undefined> =>
  (await store.events({ limit: searchedEvents })).findLast(
    ({ kind, data }) =>
      kind === 'revision-held' ||
      kind === 'revision-refused' ||
      (kind === 'target-moved' && !isNewEpoch(data)),
  )

/** Marks a target that moved without another revision: nothing is said by that of a revision that waits. */
export const newEpochData = { newEpoch: true } as const

const isNewEpoch = (data: unknown): boolean => typeof data === 'object' && data !== null && 'newEpoch' in data
