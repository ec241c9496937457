import type { Instant } from '../../../reconciler/model/ids.ts'
import type { Store } from '../../../reconciler/store/store.ts'
import { deserialize } from '../../../specs/serialize.ts'
import type { Report } from './rule.ts'

/** Every managed machine has a decision, and was looked at of late; asked now and then of a hub that lives. */
export const checkKept = async (
  store: Store,
  now: Instant,
  lookedWithinMs: number,
  report: Report,
): Promise<void> => {
  const target = await store.target()
  const kept = target && (await store.getRevision(target.desired))
  const plan = await store.latestPlan()
  if (!kept || !plan) return
  const inventory = await store.inventory()
  const history = await store.history()
  for (const id of deserialize(kept.bytes).machines.keys()) {
    if (!plan.decisions.has(id)) report('lost', id, 'no decision')
    const looked = inventory.get(id)?.observedAt ?? 0
    const isBusy = history.get(id)?.inFlight !== undefined
    if (!isBusy && looked < now - lookedWithinMs)
      report('lost', id, `not looked at since ${ago(now, looked)}`)
  }
}

const ago = (now: Instant, at: Instant): string => `${Math.round((now - at) / 60_000)} min`
