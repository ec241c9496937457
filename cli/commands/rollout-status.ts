import { rolloutReport } from '../../reconciler/rollout-report.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { printRolloutStatus } from '../output/rollout.ts'
import { rolloutStatusJson } from '../output/rollout-json.ts'
import { noRollout } from '../output/rollout-refusals.ts'
import { locate } from '../place.ts'
import { readRollout } from '../rollout-now.ts'
import { openStoreInUse } from '../state.ts'

export const run: Run = async (context, given) => {
  const place = await locate(context, given)
  if (!place.ok) return context.fail(place.reason)
  const opened = await openStoreInUse(place.value)
  if (!opened.ok) return context.fail(opened.reason)
  const store = opened.value
  try {
    const [newest] = await store.rollouts(1)
    if (newest === undefined) return context.fail(noRollout)
    const now = context.clock.now()
    const [inventory, history, orders] = await Promise.all([
      store.inventory(),
      store.history(),
      store.rolloutOrders(),
    ])
    const standing = await readRollout(store, newest, inventory, now)
    const report = rolloutReport({
      ...standing,
      backoffs: (machine) => history.get(machine)?.backoffs ?? [],
      now,
    })
    const view = { report, orders: orders.filter(({ rollout }) => rollout === newest.id) }
    if (context.json) context.writeJson(rolloutStatusJson(view, context.locale))
    else printRolloutStatus(view, context.locale, context.out)
    return exitCode.done
  } finally {
    await store.close()
  }
}
