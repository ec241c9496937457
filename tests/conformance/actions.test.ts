import type { MachineId } from '../../reconciler/model/ids.ts'
import { onEachDatabase } from './databases.ts'
import { claimAction, endAction } from './one-action.ts'
import { action, backoff, digest, ended, event, machineId, start, target } from './samples.ts'

const staleMs = 30_000
const install = action('install', machineId(1))

onEachDatabase('an action is claimed once, and its start is told once', async (t, { store }) => {
  const events = [event({ kind: 'action-started', machine: machineId(1) })]
  t.is(await claimAction(store, install, 'a', start, staleMs, { events }), 'claimed')
  t.is(await claimAction(store, install, 'b', start, staleMs, { events }), 'taken')
  t.is(await claimAction(store, install, 'a', start, staleMs, { events }), 'claimed')
  t.is((await store.events({ limit: 10 })).length, 1)
  t.deepEqual(await store.openActions(), [{ action: install, owner: 'a', ownerSeenAt: start, since: start }])
  t.deepEqual((await store.history()).get(machineId(1))?.inFlight, {
    action: install.id,
    owner: 'a',
    since: start,
    changes: install.changes,
  })
})

onEachDatabase('of many who claim one action exactly one gets it', async (t, { store, openAgain }) => {
  const stores = [store, ...(await Promise.all(Array.from({ length: 3 }, openAgain)))]
  const claims = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      claimAction(stores[index % 4], install, `owner-${index}`, start, staleMs),
    ),
  )
  t.is(claims.filter((claim) => claim === 'claimed').length, 1)
  t.is(claims.filter((claim) => claim === 'taken').length, 19)
})

onEachDatabase('of many actions for one machine exactly one is claimed', async (t, { store, openAgain }) => {
  const stores = [store, ...(await Promise.all(Array.from({ length: 3 }, openAgain)))]
  const claims = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      claimAction(
        stores[index % 4],
        action(`action-${index}`, machineId(1)),
        `owner-${index}`,
        start,
        staleMs,
      ),
    ),
  )
  t.is(claims.filter((claim) => claim === 'claimed').length, 1)
  t.is(claims.filter((claim) => claim === 'busy').length, 19)
  t.is((await store.openActions()).length, 1)
})

onEachDatabase(
  'a machine with an open action is busy for others, another machine is not',
  async (t, { store }) => {
    await claimAction(store, install, 'a', start, staleMs)
    t.is(await claimAction(store, action('other', machineId(1)), 'a', start, staleMs), 'busy')
    t.is(await claimAction(store, action('other', machineId(2)), 'a', start, staleMs), 'claimed')
  },
)

onEachDatabase('an action of an older target is outdated', async (t, { store }) => {
  await store.advanceTarget(target(1))
  await store.advanceTarget(target(2))
  t.is(await claimAction(store, install, 'a', start, staleMs), 'outdated')
  const current = action('current', machineId(1), { fence: { epoch: 1, generation: 2 } })
  t.is(await claimAction(store, current, 'a', start, staleMs), 'claimed')
  const restored = action('restored', machineId(2), { fence: { epoch: 0, generation: 9 } })
  t.is(await claimAction(store, restored, 'a', start, staleMs), 'outdated')
})

onEachDatabase('a decision from before the machine’s last action is outdated', async (t, { store }) => {
  await claimAction(store, install, 'a', start, staleMs, { decidedFrom: start - 10 })
  await endAction(store, ended(install, 'a', { at: start + 100 }))
  const again = action('again', machineId(1))
  t.is(await claimAction(store, again, 'b', start + 101, staleMs, { decidedFrom: start - 10 }), 'outdated')
  t.is(await claimAction(store, again, 'b', start + 101, staleMs, { decidedFrom: start + 100 }), 'outdated')
  t.is(await claimAction(store, again, 'b', start + 102, staleMs, { decidedFrom: start + 101 }), 'claimed')
})

onEachDatabase(
  'an open action whose owner is not seen any more passes to one other',
  async (t, { store, openAgain }) => {
    await claimAction(store, install, 'a', start, staleMs)
    await store.touchOwner('a', start + 10_000)
    t.is(await claimAction(store, install, 'b', start + 39_999, staleMs), 'taken')
    const other = await openAgain()
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        claimAction(index % 2 ? store : other, install, `heir-${index}`, start + 40_000, staleMs),
      ),
    )
    t.is(claims.filter((claim) => claim === 'claimed').length, 1)
    const [open] = await store.openActions()
    t.is(open?.owner, `heir-${claims.indexOf('claimed')}`)
  },
)

onEachDatabase('an owner that leaves frees what it had', async (t, { store }) => {
  await claimAction(store, install, 'a', start, staleMs)
  await store.touchOwner('a', 0)
  t.is(await claimAction(store, install, 'b', start + 1, staleMs), 'claimed')
})

onEachDatabase(
  'owners that were alive of late are known, and not those that have left',
  async (t, { store }) => {
    await store.touchOwner('b', start + 5_000)
    await store.touchOwner('a', start + 1)
    await store.touchOwner('c', start)
    t.deepEqual(await store.ownersSince(start), ['a', 'b'])
    await store.touchOwner('b', 0)
    t.deepEqual(await store.ownersSince(start), ['a'])
    t.deepEqual(await store.ownersSince(-1), ['a', 'c'])
  },
)

onEachDatabase('a stale action is taken over even if the target has moved on', async (t, { store }) => {
  await store.advanceTarget(target(1))
  await claimAction(store, install, 'a', start, staleMs)
  await store.advanceTarget(target(2))
  t.is(await claimAction(store, install, 'b', start + staleMs, staleMs), 'claimed')
})

onEachDatabase('an action ends once, with all that follows from it', async (t, { store }) => {
  await claimAction(store, install, 'a', start, staleMs)
  await endAction(
    store,
    ended(install, 'a', {
      applied: { packages: digest(7) },
      backoffs: [backoff('packages/geogebra'), backoff('scripts/proxy', { class: 'terminal' })],
      events: [event({ kind: 'action-ended', machine: machineId(1) })],
    }),
  )
  t.deepEqual((await store.history()).get(machineId(1)), {
    applied: { packages: digest(7) },
    backoffs: [backoff('packages/geogebra'), backoff('scripts/proxy', { class: 'terminal' })],
  })
  t.deepEqual(await store.historyOf(machineId(1)), (await store.history()).get(machineId(1)))
  const second = ended(install, 'b', { applied: { packages: digest(8) }, events: [event()] })
  t.false(await endAction(store, second))
  t.is((await store.history()).get(machineId(1))?.applied['packages'], digest(7))
  t.is((await store.events({ limit: 10 })).length, 1)
  t.is(await claimAction(store, install, 'a', start + 60_000, staleMs), 'ended')
  t.deepEqual(await store.openActions(), [])
})

onEachDatabase('of two who end an action one does', async (t, { store, openAgain }) => {
  const other = await openAgain()
  await claimAction(store, install, 'a', start, staleMs)
  const all = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      endAction(index % 2 ? store : other, ended(install, 'a', { events: [event()] })),
    ),
  )
  t.is(all.filter(Boolean).length, 1)
  t.is((await store.events({ limit: 20 })).length, 1)
})

onEachDatabase('an action that nobody claimed cannot end', async (t, { store }) => {
  t.false(await endAction(store, ended(install, 'a', { applied: { packages: digest(1) } })))
  t.is((await store.history()).size, 0)
})

onEachDatabase('backoffs are replaced and cleared by key, or all at once', async (t, { store }) => {
  const second = action('second', machineId(1))
  await claimAction(store, install, 'a', start, staleMs)
  await endAction(
    store,
    ended(install, 'a', { backoffs: [backoff('one'), backoff('two'), backoff('three')] }),
  )
  await claimAction(store, second, 'a', start + 60_000, staleMs)
  await endAction(
    store,
    ended(second, 'a', {
      at: start + 61_000,
      backoffs: [backoff('one', { attempts: 2 })],
      clear: ['two', 'never'],
    }),
  )
  const backoffs = async () => (await store.history()).get(machineId(1))?.backoffs
  t.deepEqual(await backoffs(), [backoff('one', { attempts: 2 }), backoff('three')])
  await store.remember([{ machine: machineId(1), applied: {}, clear: ['one'] }])
  t.deepEqual(await backoffs(), [backoff('three')])
  await store.clearBackoffs(machineId(1))
  t.is((await store.history()).size, 0)
})

onEachDatabase('actions that ended long ago are collected, open ones never', async (t, { store }) => {
  const open = action('open', machineId(2))
  await claimAction(store, install, 'a', start, staleMs)
  await claimAction(store, open, 'a', start, staleMs)
  await endAction(store, ended(install, 'a'))
  await store.collectGarbage(start + 24 * 3_600_000)
  t.is(await claimAction(store, install, 'a', start, staleMs), 'ended')
  await store.collectGarbage(start + 365 * 24 * 3_600_000)
  t.is(await claimAction(store, install, 'a', start, staleMs), 'claimed')
  t.is((await store.openActions()).length, 2)
})

onEachDatabase(
  'of many that are claimed at once each is answered as if it were alone',
  async (t, { store }) => {
    const [first, second, third, fourth, fifth] = [1, 2, 3, 4, 5].map((number) => machineId(number)) as [
      MachineId,
      MachineId,
      MachineId,
      MachineId,
      MachineId,
    ]
    const over = action('over', first)
    await claimAction(store, over, 'b', start, staleMs)
    await endAction(store, ended(over, 'b', { at: start + 10 }))
    const others = action('others', second)
    await claimAction(store, others, 'b', start, staleMs)
    const answers = await store.claimActions(
      [
        { action: over, events: [event()] },
        { action: action('too-late', first), decidedFrom: start + 10, events: [event()] },
        { action: others, events: [event()] },
        { action: action('beside-it', second), events: [event()] },
        { action: action('third', third), decidedFrom: start + 10, events: [event({ data: 'third' })] },
        { action: action('fourth', fourth), events: [event({ data: 'fourth' })] },
        { action: action('twice', fourth), events: [event()] },
        { action: action('older', fifth, { fence: { epoch: 0, generation: 1 } }), events: [event()] },
      ],
      'a',
      start + 20,
      staleMs,
    )
    t.deepEqual(Object.fromEntries(answers), {
      over: 'ended',
      'too-late': 'outdated',
      others: 'taken',
      'beside-it': 'busy',
      third: 'claimed',
      fourth: 'claimed',
      twice: 'busy',
      older: 'claimed',
    })
    const events = await store.events({ limit: 10 })
    t.deepEqual(
      events.map(({ data }) => data).filter((data) => typeof data === 'string'),
      ['third', 'fourth'],
    )
    t.deepEqual((await store.openActions()).map(({ action: { id } }) => id).sort(), [
      'fourth',
      'older',
      'others',
      'third',
    ] as never)
  },
)

onEachDatabase(
  'many end at once, each with all that it says, and those that had ended stay as they are',
  async (t, { store }) => {
    const runs = [1, 2, 3].map((number) => action(`run-${number}`, machineId(number)))
    const claims = runs.map((one) => ({ action: one }))
    await store.claimActions(claims, 'a', start, staleMs)
    const [one, two, three] = runs as [typeof install, typeof install, typeof install]
    await endAction(store, ended(two, 'a', { applied: { packages: digest(9) } }))
    const before = await store.attempts({ epoch: 0, generation: 0 }, 0)
    const all = await store.endActions([
      ended(one, 'a', { applied: { packages: digest(1) }, events: [event({ data: 'one' })] }),
      ended(two, 'a', { applied: { packages: digest(2) }, events: [event({ data: 'two' })] }),
      ended(three, 'a', { backoffs: [backoff('three')], events: [event({ data: 'three' })] }),
    ])
    t.deepEqual([...all], [one.id, three.id])
    const histories = await store.histories([machineId(1), machineId(2), machineId(3), machineId(4)])
    t.deepEqual(
      [...histories]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, { applied, backoffs, inFlight }]) => [applied, backoffs, inFlight]),
      [
        [{ packages: digest(1) }, [], undefined],
        [{ packages: digest(9) }, [], undefined],
        [{}, [backoff('three')], undefined],
      ],
    )
    t.deepEqual(Object.fromEntries(histories), Object.fromEntries(await store.history()))
    const told = (await store.events({ limit: 10 })).map(({ data }) => data)
    t.deepEqual(told.slice(-2), ['one', 'three'])
    const since = Math.max(...before.map(({ seq }) => seq))
    const tries = await store.attempts({ epoch: 0, generation: 0 }, since)
    t.deepEqual(
      tries.map(({ action: id }) => id),
      [one.id, three.id],
    )
  },
)
