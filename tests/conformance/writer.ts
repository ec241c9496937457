/** A process of its own that writes to a store as fast as it can, until it is killed. Its number of each round is everywhere in what it writes. */
import type { PlanId, Revision } from '../../reconciler/model/ids.ts'
import { openStore } from '../../reconciler/store/open.ts'
import { claimAction, endAction } from './one-action.ts'
import { action, digest, ended, event, machineId, observed, plan, start, target } from './samples.ts'

const [url = '', name = ''] = process.argv.slice(2)
const store = await openStore(url)

for (let round = 0; ; round += 1) {
  const at = start + round
  const machine = machineId(round % 10, name)
  const run = action(`${name}-${round}`, machine)
  await store.putObserved([observed(machine, { observedAt: at })])
  await claimAction(store, run, name, at, 1_000_000, {
    events: [event({ kind: 'action-started', data: round })],
  })
  await endAction(
    store,
    ended(run, name, {
      at,
      applied: { packages: digest(round), scripts: digest(round), identity: digest(round) },
      events: [event({ kind: 'action-ended', data: round })],
    }),
  )
  const current = await store.target()
  const generation = (current?.fence.generation ?? 0) + 1
  const revision = `${name}-${round}` as Revision
  await store.advanceTarget(
    { ...target(generation), parent: current?.fence ?? null, fence: { epoch: 0, generation }, revision },
    [event({ kind: 'target-moved', revision })],
  )
  await store.putPlan(plan([[machine, { kind: 'converged', reported: [] }]], { id: `p${round}` as PlanId }))
  if (round === 5) process.stdout.write('running\n')
}
