import { onEachDatabase } from './databases.ts'
import { action, backoff, digest, ended, event, machineId, start, target } from './samples.ts'

const staleMs = 30_000
const install = action('install', machineId(1))

onEachDatabase('an action is claimed once, and its start is told once', async (t, { store }) => {
  const events = [event({ kind: 'action-started', machine: machineId(1) })]
  t.is(await store.claimAction(install, 'a', start, staleMs, { events }), 'claimed')
  t.is(await store.claimAction(install, 'b', start, staleMs, { events }), 'taken')
  t.is(await store.claimAction(install, 'a', start, staleMs, { events }), 'claimed')
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
      stores[index % 4]?.claimAction(install, `owner-${index}`, start, staleMs),
    ),
  )
  t.is(claims.filter((claim) => claim === 'claimed').length, 1)
  t.is(claims.filter((claim) => claim === 'taken').length, 19)
})

onEachDatabase('of many actions for one machine exactly one is claimed', async (t, { store, openAgain }) => {
  const stores = [store, ...(await Promise.all(Array.from({ length: 3 }, openAgain)))]
  const claims = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      stores[index % 4]?.claimAction(
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
    await store.claimAction(install, 'a', start, staleMs)
    t.is(await store.claimAction(action('other', machineId(1)), 'a', start, staleMs), 'busy')
    t.is(await store.claimAction(action('other', machineId(2)), 'a', start, staleMs), 'claimed')
  },
)

onEachDatabase('an action of an older target is outdated', async (t, { store }) => {
  await store.advanceTarget(target(1))
  await store.advanceTarget(target(2))
  t.is(await store.claimAction(install, 'a', start, staleMs), 'outdated')
  const current = action('current', machineId(1), { fence: { epoch: 1, generation: 2 } })
  t.is(await store.claimAction(current, 'a', start, staleMs), 'claimed')
  const restored = action('restored', machineId(2), { fence: { epoch: 0, generation: 9 } })
  t.is(await store.claimAction(restored, 'a', start, staleMs), 'outdated')
})

onEachDatabase('a decision from before the machine’s last action is outdated', async (t, { store }) => {
  await store.claimAction(install, 'a', start, staleMs, { decidedFrom: start - 10 })
  await store.endAction(ended(install, 'a', { at: start + 100 }))
  const again = action('again', machineId(1))
  t.is(await store.claimAction(again, 'b', start + 101, staleMs, { decidedFrom: start - 10 }), 'outdated')
  t.is(await store.claimAction(again, 'b', start + 101, staleMs, { decidedFrom: start + 100 }), 'outdated')
  t.is(await store.claimAction(again, 'b', start + 102, staleMs, { decidedFrom: start + 101 }), 'claimed')
})

onEachDatabase(
  'an open action whose owner is not seen any more passes to one other',
  async (t, { store, openAgain }) => {
    await store.claimAction(install, 'a', start, staleMs)
    await store.touchOwner('a', start + 10_000)
    t.is(await store.claimAction(install, 'b', start + 39_999, staleMs), 'taken')
    const other = await openAgain()
    const claims = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 ? store : other).claimAction(install, `heir-${index}`, start + 40_000, staleMs),
      ),
    )
    t.is(claims.filter((claim) => claim === 'claimed').length, 1)
    const [open] = await store.openActions()
    t.is(open?.owner, `heir-${claims.indexOf('claimed')}`)
  },
)

onEachDatabase('an owner that leaves frees what it had', async (t, { store }) => {
  await store.claimAction(install, 'a', start, staleMs)
  await store.touchOwner('a', 0)
  t.is(await store.claimAction(install, 'b', start + 1, staleMs), 'claimed')
})

onEachDatabase('a stale action is taken over even if the target has moved on', async (t, { store }) => {
  await store.advanceTarget(target(1))
  await store.claimAction(install, 'a', start, staleMs)
  await store.advanceTarget(target(2))
  t.is(await store.claimAction(install, 'b', start + staleMs, staleMs), 'claimed')
})

onEachDatabase('an action ends once, with all that follows from it', async (t, { store }) => {
  await store.claimAction(install, 'a', start, staleMs)
  await store.endAction(
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
  t.false(await store.endAction(second))
  t.is((await store.history()).get(machineId(1))?.applied['packages'], digest(7))
  t.is((await store.events({ limit: 10 })).length, 1)
  t.is(await store.claimAction(install, 'a', start + 60_000, staleMs), 'ended')
  t.deepEqual(await store.openActions(), [])
})

onEachDatabase('of two who end an action one does', async (t, { store, openAgain }) => {
  const other = await openAgain()
  await store.claimAction(install, 'a', start, staleMs)
  const all = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      (index % 2 ? store : other).endAction(ended(install, 'a', { events: [event()] })),
    ),
  )
  t.is(all.filter(Boolean).length, 1)
  t.is((await store.events({ limit: 20 })).length, 1)
})

onEachDatabase('an action that nobody claimed cannot end', async (t, { store }) => {
  t.false(await store.endAction(ended(install, 'a', { applied: { packages: digest(1) } })))
  t.is((await store.history()).size, 0)
})

onEachDatabase('backoffs are replaced and cleared by key, or all at once', async (t, { store }) => {
  const second = action('second', machineId(1))
  await store.claimAction(install, 'a', start, staleMs)
  await store.endAction(ended(install, 'a', { backoffs: [backoff('one'), backoff('two'), backoff('three')] }))
  await store.claimAction(second, 'a', start + 60_000, staleMs)
  await store.endAction(
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
  await store.claimAction(install, 'a', start, staleMs)
  await store.claimAction(open, 'a', start, staleMs)
  await store.endAction(ended(install, 'a'))
  await store.collectGarbage(start + 24 * 3_600_000)
  t.is(await store.claimAction(install, 'a', start, staleMs), 'ended')
  await store.collectGarbage(start + 365 * 24 * 3_600_000)
  t.is(await store.claimAction(install, 'a', start, staleMs), 'claimed')
  t.is((await store.openActions()).length, 2)
})
