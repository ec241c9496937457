import test from 'ava'
import { storedDisks } from '../../cli/site/disk-memory.ts'
import type { ActionId } from '../../reconciler/model/ids.ts'
import type { Action } from '../../reconciler/model/plan.ts'
import { openStore } from '../../reconciler/store/open.ts'
import { facts, machineId, now, observedDisk, up, wantedDisk } from '../reconciler/sample-park.ts'

const id = machineId('hugo/b204-01')
const disk = observedDisk(wantedDisk(), now - 3_600_000)

test('the inventory is reset with the disk: what was read on the old system is forgotten at once', async (t) => {
  const store = await openStore('sqlite::memory:')
  t.teardown(() => store.close())
  await store.putObserved([up(id, facts({ installed: { minetest: '5.6-1' } }), { disk })])
  const memory = storedDisks(store, 'test')
  const verified = { at: now, manifest: disk.state?.manifest ?? '', differing: [] }
  await memory.verified({ id: 'a1' as ActionId, machine: id } as Action, verified)
  t.is((await store.observed(id))?.facts?.packages?.installed.get('minetest'), '5.6-1', 'only compared')

  const written = observedDisk(wantedDisk(), now, { at: now })
  await memory.note(id, written)
  const known = await store.observed(id)
  t.is(known?.facts, undefined)
  t.deepEqual(known?.disk, written, 'nor is the comparison of the old contents believed')
  await memory.note(id, { ...written, at: now + 1 })
  t.is((await store.observed(id))?.disk?.at, now + 1)
})
