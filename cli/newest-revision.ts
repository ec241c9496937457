import type { Event } from '../reconciler/model/event.ts'
import type { Store } from '../reconciler/store/store.ts'

/** A revision is spoken of rarely among what machines do; this far back it is looked for. */
const searchedEvents = 2000

/** What was last said of a revision of the park: that it became the target, was refused, or is held for approval. */
export const newestWord = async (store: Store): Promise<Event | undefined> =>
  (await store.events({ limit: searchedEvents })).findLast(
    ({ kind }) => kind === 'revision-held' || kind === 'revision-refused' || kind === 'target-moved',
  )
