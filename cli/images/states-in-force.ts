/** The desired states that PCs may come to have without another commit. */
import type { Digest } from '../../reconciler/model/ids.ts'
import { isOpen } from '../../reconciler/rollout.ts'
import type { Store } from '../../reconciler/store/store.ts'
import type { Desired } from '../../specs/desired.ts'
import { deserialize } from '../../specs/serialize.ts'

/**
 * What is wanted now, and, while a rollout is under way, what it leads to: its image is to be here before its wave opens. With
 * `back`, also what it may be taken back to.
 */
export const statesInForce = async (
  store: Pick<Store, 'target' | 'rollouts' | 'getRevision'>,
  { back }: { readonly back: boolean },
): Promise<readonly Desired[]> => {
  const target = await store.target()
  const [rollout] = await store.rollouts(1)
  const isUnderWay = rollout !== undefined && isOpen(rollout)
  const digests = new Set<Digest | undefined>([
    target?.desired,
    isUnderWay ? rollout.next : undefined,
    back ? rollout?.base?.desired : undefined,
  ])
  const states: Desired[] = []
  for (const digest of digests) {
    const kept = digest === undefined ? undefined : await store.getRevision(digest)
    if (kept !== undefined) states.push(deserialize(kept.bytes))
  }
  return states
}
