import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Facts, Observed } from '../../reconciler/model/observed.ts'
import { onEachDatabase } from './databases.ts'
import { digest, facts, machineId, observed, start } from './samples.ts'

onEachDatabase('an observation comes back as it was put, whole', async (t, { store }) => {
  const put = observed(machineId(1))
  await store.putObserved([put])
  t.deepEqual(await store.observed(machineId(1)), put)
  t.is(await store.observed(machineId(2)), undefined)
})

onEachDatabase(
  'an observation without facts, or with parts that could not be read, comes back so',
  async (t, { store }) => {
    const { packages: _packages, scripts: _scripts, identity: _identity, ...rest } = facts()
    const silent: Observed = {
      machine: machineId(1),
      observedAt: start,
      observer: 'test',
      reach: 'silent',
      errors: [{ code: 'host-key-changed', message: { en: 'Changed', fr: 'Changée' }, detail: 'SHA256:x' }],
    }
    await store.putObserved([silent, observed(machineId(2), { facts: rest })])
    t.deepEqual(await store.observed(machineId(1)), silent)
    t.deepEqual((await store.observed(machineId(2)))?.facts, rest)
  },
)

onEachDatabase(
  'that nobody can log in is kept, and gone with the look that finds it over',
  async (t, { store }) => {
    const closed = observed(machineId(1), { facts: facts({ loginsClosed: true }) })
    await store.putObserved([closed])
    t.deepEqual(await store.observed(machineId(1)), closed)
    t.is((await store.inventory()).get(machineId(1))?.facts?.loginsClosed, true)
    await store.putObserved([observed(machineId(1), { observedAt: start + 10 })])
    t.false('loginsClosed' in ((await store.observed(machineId(1)))?.facts ?? {}))
  },
)

onEachDatabase('the newest look replaces the one before, an older never', async (t, { store }) => {
  const first = observed(machineId(1), { observedAt: start })
  const later = observed(machineId(1), { observedAt: start + 10, reach: 'off' })
  await store.putObserved([later])
  await store.putObserved([first])
  t.deepEqual(await store.observed(machineId(1)), later)
  const two = [
    observed(machineId(1), { observedAt: start + 30 }),
    observed(machineId(1), { observedAt: start + 20 }),
  ]
  await store.putObserved(two)
  t.is((await store.observed(machineId(1)))?.observedAt, start + 30)
})

onEachDatabase('the inventory is given by site, in the order of ids', async (t, { store }) => {
  const ids = [machineId(2), machineId(1, 'jules-verne'), machineId(1)]
  await store.putObserved(ids.map((id) => observed(id)))
  t.deepEqual(
    [...(await store.inventory()).keys()],
    [machineId(1, 'jules-verne'), machineId(1), machineId(2)],
  )
  t.deepEqual([...(await store.inventory('victor-hugo')).keys()], [machineId(1), machineId(2)])
  t.is((await store.inventory('victor')).size, 0)
})

onEachDatabase('equal package sets and systems are one object for all machines', async (t, { store }) => {
  await store.putObserved([observed(machineId(1)), observed(machineId(2)), observed(machineId(3))])
  const inventory = [...(await store.inventory()).values()]
  for (const one of inventory) {
    t.is(one.facts?.packages, inventory[0]?.facts?.packages)
    t.is(one.facts?.os, inventory[0]?.facts?.os)
  }
})

onEachDatabase(
  'PCs with equal packages but another state of them share the installed set alone',
  async (t, { store }) => {
    const base = facts()
    const held = base.packages && { ...base.packages, held: new Set<string>() }
    const other: Facts = { ...base, ...(held ? { packages: held } : {}) }
    await store.putObserved([observed(machineId(1)), observed(machineId(2), { facts: other })])
    const [one, two] = [...(await store.inventory()).values()]
    t.is(one?.facts?.packages?.installed, two?.facts?.packages?.installed)
    t.is(one?.facts?.packages?.held.size, 1)
    t.is(two?.facts?.packages?.held.size, 0)
  },
)

onEachDatabase('package sets that no machine has any more are collected', async (t, { store }) => {
  const base = facts()
  const withSet = (number: number): Facts => ({
    ...base,
    ...(base.packages ? { packages: { ...base.packages, digest: digest(number) } } : {}),
  })
  await store.putObserved([
    observed(machineId(1), { facts: withSet(1) }),
    observed(machineId(2), { facts: withSet(2) }),
  ])
  await store.putObserved([observed(machineId(1), { facts: withSet(3), observedAt: start + 1 })])
  await store.collectGarbage(start)
  t.deepEqual(
    [...(await store.inventory()).values()].map((one) => one.facts?.packages?.digest),
    [digest(3), digest(2)],
  )
  // A body is written only where there is none: had the set been kept, its old contents would come back.
  const anew: Facts = {
    ...base,
    ...(base.packages
      ? { packages: { ...base.packages, digest: digest(1), installed: new Map([['new', '1']]) } }
      : {}),
  }
  await store.putObserved([observed(machineId(3), { facts: anew })])
  t.deepEqual([...((await store.observed(machineId(3)))?.facts?.packages?.installed ?? [])], [['new', '1']])
})

onEachDatabase('thousands of machines are stored in one go', async (t, { store }) => {
  const many = Array.from({ length: 2500 }, (_, index) => observed(`s/m${index}` as MachineId))
  await store.putObserved(many)
  t.is((await store.inventory()).size, 2500)
})

onEachDatabase(
  'several who store the same machines at once do not stand in each other’s way',
  async (t, { store, openAgain }) => {
    const stores = [store, await openAgain(), await openAgain()]
    const batch = (offset: number) =>
      Array.from({ length: 60 }, (_, index) =>
        observed(machineId((index * 7 + offset) % 60), { observedAt: start + offset }),
      )
    await Promise.all(Array.from({ length: 12 }, (_, index) => stores[index % 3]?.putObserved(batch(index))))
    const inventory = await store.inventory()
    t.is(inventory.size, 60)
    for (const one of inventory.values()) t.is(one.observedAt, start + 11)
  },
)

onEachDatabase(
  'what looks bring to light is remembered by facet, and backoffs are cleared by key',
  async (t, { store }) => {
    await store.remember([
      { machine: machineId(1), applied: { packages: digest(1), identity: digest(2) }, clear: [] },
      { machine: machineId(1, 'jules-verne'), applied: { packages: digest(9) }, clear: [] },
    ])
    await store.remember([{ machine: machineId(1), applied: { packages: digest(3) }, clear: ['none'] }])
    t.deepEqual((await store.history('victor-hugo')).get(machineId(1)), {
      applied: { packages: digest(3), identity: digest(2) },
      backoffs: [],
    })
    t.deepEqual([...(await store.history()).keys()].sort(), [machineId(1, 'jules-verne'), machineId(1)])
    t.deepEqual(await store.historyOf(machineId(1)), {
      applied: { packages: digest(3), identity: digest(2) },
      backoffs: [],
    })
    t.is(await store.historyOf(machineId(2)), undefined)
  },
)

onEachDatabase(
  'a machine that is forgotten leaves nothing but its events and its pinned key',
  async (t, { store }) => {
    await store.putObserved([observed(machineId(1)), observed(machineId(2))])
    await store.remember([{ machine: machineId(1), applied: { packages: digest(1) }, clear: [] }])
    await store.pinHostKey(machineId(1), 'SHA256:abc')
    await store.append([
      { at: start, kind: 'unmanaged', machine: machineId(1), actor: 'loop', message: { en: '', fr: '' } },
    ])
    await store.forget(machineId(1))
    t.deepEqual([...(await store.inventory()).keys()], [machineId(2)])
    t.is((await store.history()).size, 0)
    t.is(await store.hostKey(machineId(1)), 'SHA256:abc')
    t.is((await store.events({ machine: machineId(1), limit: 5 })).length, 1)
  },
)
