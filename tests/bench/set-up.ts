/**
 * Fills the store of a generated park as a loop leaves it that has looked at every PC: run as a process of its own, so that
 * what is measured afterwards starts cold. Arguments: the park's folder, the state folder.
 */
import { join } from 'node:path'
import { createFolderSource } from '../../cli/sources/folder.ts'
import { plan } from '../../reconciler/plan.ts'
import { openStore } from '../../reconciler/store/open.ts'
import { serialize } from '../../specs/serialize.ts'
import { observePark } from './observed-park.ts'

const [park, state] = process.argv.slice(2)
if (park === undefined || state === undefined) throw new Error('set-up.ts PARK STATE')

/** As many as come in together from a large region; the observations of all 150,000 at once would be one statement after another in one transaction. */
const batch = 5_000

const source = createFolderSource(park, (error) => {
  throw error
})
const { revision, desired, diagnostics } = await source.read()
if (desired === undefined) throw new Error(`the generated park is broken: ${JSON.stringify(diagnostics[0])}`)
const at = Date.now()
const target = {
  fence: { epoch: 1, generation: 1 },
  parent: null,
  revision,
  desired: desired.digest,
  at,
}
const store = await openStore(`sqlite:${join(state, 'store.db')}`)
await store.putRevision(revision, desired.digest, serialize(desired), at)
await store.advanceTarget(target)
const observed = observePark(desired, at)
for (let first = 0; first < observed.length; first += batch)
  await store.putObserved(observed.slice(first, first + batch))
await store.remember(
  [...desired.machines.values()].map(({ id, profile }) => ({
    machine: id,
    applied: { ...profile.facetDigests },
    clear: [],
  })),
)
const history = await store.history()
const inventory = new Map(observed.map((one) => [one.machine, one]))
const freshMs = Number.POSITIVE_INFINITY
await store.putPlan(plan({ desired, target, inventory, history, pauses: [], freshMs, now: at }))
await store.close()
