import { rolloutReport } from '../../reconciler/rollout-report.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { printRolloutStatus } from '../output/rollout.ts'
import { rolloutStatusJson } from '../output/rollout-json.ts'
import { noRollout } from '../output/rollout-refusals.ts'
import { readRollout } from '../rollout-now.ts'
import { withStoreInUse } from '../store-in-use.ts'

export const run: Run = (context, given) =>
  withStoreInUse(context, given, async (store) => {
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
  })
