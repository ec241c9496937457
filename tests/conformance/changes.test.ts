import { setImmediate as macrotask } from 'node:timers/promises'
import type { ActionId, ChangeKey } from '../../reconciler/model/ids.ts'
import { onEachDatabase } from './databases.ts'
import { claimAction, endAction } from './one-action.ts'
import { action, digest, ended, machineId, observed, start } from './samples.ts'

const [one, two, three] = [machineId(1), machineId(2), machineId(3, 'jules-verne')] as const

onEachDatabase('what is new is told once, and everything to whoever asks first', async (t, { store }) => {
  await store.putObserved([observed(one), observed(two)])
  const first = await store.changes()
  t.deepEqual([...first.observed], [...(await store.inventory())])
  t.deepEqual([...first.history], [...(await store.history())])
  t.deepEqual(await store.changes(first.upTo), {
    upTo: first.upTo,
    observed: new Map(),
    history: new Map(),
  })
  const later = observed(two, { observedAt: start + 10, reach: 'off' })
  await store.putObserved([later, observed(three)])
  const second = await store.changes(first.upTo)
  t.deepEqual(
    inOrder(second.observed),
    new Map([
      [three, observed(three)],
      [two, later],
    ]),
  )
  t.is(second.history.size, 0)
})

onEachDatabase('what another process has written is new as well', async (t, { store, openAgain }) => {
  const other = await openAgain()
  const { upTo } = await store.changes()
  await store.putObserved([observed(one)])
  await other.putObserved([observed(one, { observedAt: start + 20, reach: 'off' }), observed(two)])
  await store.putObserved([observed(two, { observedAt: start - 20, reach: 'off' })])
  const { observed: seen } = await store.changes(upTo)
  t.deepEqual(inOrder(seen), inOrder(await other.inventory()))
  t.is(seen.get(one)?.reach, 'off')
  t.is(seen.get(two)?.reach, 'up')
})

onEachDatabase('a look without a disk that another has read keeps it', async (t, { store, openAgain }) => {
  const other = await openAgain()
  const { upTo } = await store.changes()
  await other.putObserved([observed(one, { disk: { at: start, by: 'imager' } })])
  await store.putObserved([observed(one, { observedAt: start + 5 })])
  t.deepEqual((await store.changes(upTo)).observed.get(one)?.disk, { at: start, by: 'imager' })
})

onEachDatabase(
  'a claim, its end, what looks teach and forgetting are all changes of history',
  async (t, { store }) => {
    const given = action('a1', one)
    const { machine } = given
    let since = (await store.changes()).upTo
    const next = async () => {
      const changes = await store.changes(since)
      since = changes.upTo
      return changes
    }
    await claimAction(store, given, 'a', start, 1000)
    t.is((await next()).history.get(machine)?.inFlight?.owner, 'a')
    await claimAction(store, given, 'b', start + 5_000, 1000)
    t.is((await next()).history.get(machine)?.inFlight?.owner, 'b')
    await endAction(store, ended(given, 'b', { applied: { packages: digest(3) } }))
    t.deepEqual((await next()).history.get(machine), { applied: { packages: digest(3) }, backoffs: [] })
    await store.remember([{ machine, applied: { identity: digest(4) }, clear: ['x' as ChangeKey] }])
    t.is((await next()).history.get(machine)?.applied['identity'], digest(4))
    await store.putObserved([observed(machine)])
    await next()
    await store.forget(machine)
    const forgotten = await next()
    t.deepEqual([...forgotten.observed], [[machine, undefined]])
    t.deepEqual([...forgotten.history], [[machine, undefined]])
  },
)

onEachDatabase('a claim that was refused changes nothing', async (t, { store }) => {
  const given = action('a1', one)
  await claimAction(store, given, 'a', start, 1000)
  const { upTo } = await store.changes()
  await claimAction(store, given, 'b', start, 1000)
  await claimAction(store, { ...given, id: 'other' as ActionId }, 'b', start, 1000)
  t.is((await store.changes(upTo)).history.size, 0)
})

onEachDatabase('whoever reads on while many write misses nothing', async (t, { store, openAgain }) => {
  const writers = await Promise.all(Array.from({ length: 3 }, openAgain))
  let since = (await store.changes()).upTo
  const seen = new Map<string, number>()
  let writing = true
  const reading = (async () => {
    for (let more = true; more; ) {
      more = writing
      const changes = await store.changes(since)
      since = changes.upTo
      for (const [id, look] of changes.observed) if (look) seen.set(id, look.observedAt)
      await macrotask()
    }
  })()
  await Promise.all(
    writers.map(async (writer, index) => {
      for (let round = 1; round <= 20; round += 1)
        await writer.putObserved([observed(machineId(index), { observedAt: start + round })])
    }),
  )
  writing = false
  await reading
  const stored = [...(await store.inventory())].map(([id, look]) => [id, look.observedAt] as const)
  t.deepEqual(inOrder(seen), inOrder(stored))
})

const inOrder = <Value>(entries: Iterable<readonly [string, Value]>): ReadonlyMap<string, Value> =>
  new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
