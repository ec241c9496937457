/** The same revision under a fence above all that PCs can know: they obey this store again. */
import type { Instant } from '../reconciler/model/ids.ts'
import type { Target } from '../reconciler/model/plan.ts'
import type { Store } from '../reconciler/store/store.ts'
import { say } from '../specs/text.ts'
import { newEpochData } from './newest-revision.ts'

/** The new target; undefined: the target moved at this very moment, and nothing was changed. */
export const beginEpoch = async (
  store: Store,
  present: Target,
  { at, who, why }: { readonly at: Instant; readonly who: string; readonly why: string },
): Promise<Target | undefined> => {
  // From the clock: the store that was lost may have risen before, and this one cannot know how far.
  const epoch = Math.max(present.fence.epoch + 1, Math.floor(at / 1000))
  const fence = { epoch, generation: 1 }
  const next: Target = { ...present, fence, parent: present.fence, at }
  const moved = await store.advanceTarget(next, [
    {
      at,
      kind: 'target-moved',
      revision: present.revision,
      actor: who,
      message: say(`New epoch ${epoch}: ${why}`, `Nouvelle époque ${epoch}\u00a0: ${why}`),
      data: { ...newEpochData, fence, why },
    },
  ])
  if (!moved) return undefined
  await forgetRefusals(store)
  return next
}

/** What was refused for the fence is due at once; other failures stay as they are. */
const forgetRefusals = async (store: Store): Promise<void> => {
  const looks = [...(await store.history())].flatMap(([machine, { backoffs }]) => {
    const clear = backoffs.filter(({ reason }) => refusals.has(reason.code)).map(({ key }) => key)
    return clear.length > 0 ? [{ machine, applied: {}, clear }] : []
  })
  if (looks.length > 0) await store.remember(looks)
}

const refusals: ReadonlySet<string> = new Set(['fence-older', 'fence-conflict'])
