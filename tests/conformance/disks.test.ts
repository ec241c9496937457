import type { DiskRequestId } from '../../reconciler/model/ids.ts'
import type { ObservedDisk } from '../../reconciler/model/observed.ts'
import type { DiskRequest } from '../../reconciler/model/plan.ts'
import { onEachDatabase } from './databases.ts'
import { claimAction, endAction } from './one-action.ts'
import { action, ended, event, machineId, observed, start } from './samples.ts'

const day = 24 * 60 * 60 * 1000

const request = (id: string, overrides: Partial<DiskRequest> = {}): DiskRequest => ({
  id: id as DiskRequestId,
  machine: machineId(1),
  kind: 'reset',
  who: 'éléonore',
  at: start,
  ...overrides,
})

const disk: ObservedDisk = {
  at: start - 5,
  by: 'imager',
  state: {
    manifest: 'ab'.repeat(32),
    image: 'debian-edu@2026.09',
    layout: 'sha256:layout',
    settings: 'sha256:settings',
    job: 'job-1',
    at: start - 50,
    how: 'restore',
  },
  disks: [
    {
      name: 'sda',
      sizeBytes: 256_060_514_304,
      serial: 'S-1',
      partitions: [{ number: 3, sizeBytes: 1_000_000, fileSystem: 'ntfs', label: 'Élèves' }],
    },
  ],
  verified: {
    at: start - 10,
    manifest: 'ab'.repeat(32),
    differing: [{ partition: 'root', chunks: 900, differing: 3, files: ['/etc/hosts'] }],
  },
}

onEachDatabase('what is known of a disk comes back as it was put', async (t, { store }) => {
  await store.putObserved([observed(machineId(1), { disk, reach: 'imager' }), observed(machineId(2))])
  t.deepEqual((await store.observed(machineId(1)))?.disk, disk)
  t.is((await store.inventory()).get(machineId(2))?.disk, undefined)
})

onEachDatabase(
  'a later look that knows nothing of the disk takes nothing away, one that knows more replaces it',
  async (t, { store }) => {
    await store.putObserved([observed(machineId(1), { disk })])
    await store.putObserved([observed(machineId(1), { observedAt: start + 1, reach: 'off' })])
    const kept = await store.observed(machineId(1))
    t.is(kept?.reach, 'off')
    t.deepEqual(kept?.disk, disk)
    const blank: ObservedDisk = { at: start + 2, by: 'imager', disks: [] }
    await store.putObserved([observed(machineId(1), { observedAt: start + 2, disk: blank })])
    t.deepEqual((await store.observed(machineId(1)))?.disk, blank)
  },
)

onEachDatabase(
  'what somebody asks for is open, with its event, until it is closed, oldest first',
  async (t, { store }) => {
    t.true(await store.addDiskRequest(request('b', { at: start + 2 }), event({ kind: 'reset-requested' })))
    const capture = request('a', {
      at: start + 1,
      kind: 'capture',
      image: 'golden@1',
      machine: machineId(2),
    })
    t.true(await store.addDiskRequest(capture, event({ kind: 'capture-requested' })))
    t.deepEqual(await store.diskRequests(), [capture, request('b', { at: start + 2 })])
    await store.closeDiskRequest('a' as DiskRequestId, start + 3)
    await store.closeDiskRequest('a' as DiskRequestId, start + 4)
    t.deepEqual(
      (await store.diskRequests()).map(({ id }) => id),
      ['b' as DiskRequestId],
    )
    const kinds = (await store.events({ after: 0, limit: 9 })).map(({ kind }) => kind)
    t.deepEqual(kinds, ['reset-requested', 'capture-requested'])
  },
)

onEachDatabase(
  'an open request stays the only one of its machine and kind, and is told once',
  async (t, { store, openAgain }) => {
    const stores = [store, await openAgain(), await openAgain()]
    const asked = await Promise.all(
      Array.from({ length: 9 }, (_, index) =>
        stores[index % 3]?.addDiskRequest(request(`r-${index}`), event({ kind: 'reset-requested' })),
      ),
    )
    t.is(asked.filter((made) => made === true).length, 1)
    t.is((await store.diskRequests()).length, 1)
    t.is((await store.events({ after: 0, limit: 20 })).length, 1)
    t.true(await store.addDiskRequest(request('v', { kind: 'verify' }), event()))
    t.true(await store.addDiskRequest(request('other', { machine: machineId(2) }), event()))
    for (const { id } of await store.diskRequests()) await store.closeDiskRequest(id, start)
    t.true(await store.addDiskRequest(request('again'), event()))
  },
)

onEachDatabase(
  'closed requests are collected after three months, open ones never; a machine that is forgotten asks for nothing',
  async (t, { store }) => {
    await store.addDiskRequest(request('closed'), event())
    await store.closeDiskRequest('closed' as DiskRequestId, start)
    await store.addDiskRequest(request('open', { kind: 'verify' }), event())
    await store.collectGarbage(start + 89 * day)
    // Its id is still taken: a request that was told twice is not carried out twice.
    t.false(await store.addDiskRequest(request('closed'), event()))
    await store.collectGarbage(start + 91 * day)
    t.true(await store.addDiskRequest(request('closed'), event()))
    t.is((await store.diskRequests()).length, 2)
    await store.forget(machineId(1))
    t.deepEqual(await store.diskRequests(), [])
  },
)

onEachDatabase(
  'a PC that is in no spec is kept with when it was first and last seen, newest first',
  async (t, { store }) => {
    const [one, two] = ['52:54:00:00:00:01', '52:54:00:00:00:02']
    await store.putDiscovered({ mac: one, seenAt: start, hello: '{"n":1}' })
    await store.putDiscovered({ mac: two, seenAt: start + 1, hello: '{"n":2}' })
    await store.putDiscovered({ mac: one, seenAt: start + 2, hello: '{"n":3}' })
    await store.putDiscovered({ mac: one, seenAt: start + 1, hello: '{"n":0}' })
    t.deepEqual(await store.discovered(), [
      { mac: one, firstSeenAt: start, seenAt: start + 2, hello: '{"n":3}' },
      { mac: two, firstSeenAt: start + 1, seenAt: start + 1, hello: '{"n":2}' },
    ])
    await store.collectGarbage(start + 2 + 90 * day)
    t.deepEqual(
      (await store.discovered()).map(({ mac }) => mac),
      [one],
    )
  },
)

onEachDatabase('what is served is closed with the end of the action that served it', async (t, { store }) => {
  const run = action('reset', request('a').machine)
  await store.addDiskRequest(request('a'), event())
  await claimAction(store, run, 'loop', start, 30_000)
  await endAction(store, ended(run, 'loop', { requests: [request('a').id] }))
  t.deepEqual(await store.diskRequests(), [])
})
