import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import type { MachineId, PlanId, Revision } from '../../reconciler/model/ids.ts'
import type { Decision } from '../../reconciler/model/plan.ts'
import { openStore, StoreUrlError } from '../../reconciler/store/open.ts'
import { StoreError } from '../../reconciler/store/store-error.ts'
import { onEachDatabase } from './databases.ts'
import { digest, event, machineId, plan, start, target } from './samples.ts'

const execute = promisify(execFile)
const converged: Decision = { kind: 'converged', reported: [] }
const unknown: Decision = {
  kind: 'unknown',
  reason: { code: 'silent', message: { en: 'Silent', fr: 'Muet' } },
}

onEachDatabase('a new store is empty', async (t, { store }) => {
  t.is(await store.target(), undefined)
  t.is(await store.latestPlan(), undefined)
  t.is(await store.getRevision(digest(1)), undefined)
  t.is((await store.inventory()).size, 0)
  t.is((await store.history()).size, 0)
  t.deepEqual(await store.events({ limit: 10 }), [])
  t.deepEqual(await store.openActions(), [])
})

onEachDatabase('opening a store again keeps what it has', async (t, { store, openAgain }) => {
  t.true(await store.advanceTarget(target(1)))
  const again = await openAgain()
  t.deepEqual(await again.target(), target(1))
})

onEachDatabase('a store is opened by several processes at once', async (t, { openAgain }) => {
  const stores = await Promise.all(Array.from({ length: 6 }, openAgain))
  for (const store of stores) t.is(await store.target(), undefined)
})

onEachDatabase('a revision’s bytes come back as they were', async (t, { store }) => {
  const bytes = `{"title":"Lycée Hugo","big":"${'é'.repeat(100_000)}"}`
  await store.putRevision('commit-1' as Revision, digest(1), bytes, start)
  t.deepEqual(await store.getRevision(digest(1)), { revision: 'commit-1' as Revision, bytes })
})

onEachDatabase('the same contents under a newer commit take its name', async (t, { store }) => {
  await store.putRevision('commit-1' as Revision, digest(1), '{}', start)
  await store.putRevision('commit-2' as Revision, digest(1), '{}', start + 1)
  t.is((await store.getRevision(digest(1)))?.revision, 'commit-2' as Revision)
})

onEachDatabase('a target advances only from its parent', async (t, { store }) => {
  t.false(await store.advanceTarget(target(2)))
  t.true(await store.advanceTarget(target(1)))
  t.false(await store.advanceTarget(target(1)))
  t.true(await store.advanceTarget(target(2)))
  t.false(await store.advanceTarget(target(2)))
  t.deepEqual(await store.target(), target(2))
})

onEachDatabase('a move that fails records no event', async (t, { store }) => {
  t.true(await store.advanceTarget(target(1), [event({ kind: 'target-moved' })]))
  t.false(await store.advanceTarget(target(1), [event({ kind: 'target-moved' })]))
  t.is((await store.events({ limit: 10 })).length, 1)
})

onEachDatabase('of many who advance from one parent exactly one does', async (t, { store, openAgain }) => {
  await store.advanceTarget(target(1))
  const stores = [store, ...(await Promise.all(Array.from({ length: 3 }, openAgain)))]
  const tries = Array.from({ length: 20 }, (_, index) =>
    stores[index % stores.length]?.advanceTarget(target(2, { revision: `by-${index}` as Revision }), [
      event({ revision: `by-${index}` as Revision }),
    ]),
  )
  const won = (await Promise.all(tries)).flatMap((moved, index) => (moved ? [`by-${index}`] : []))
  t.is(won.length, 1)
  t.is((await store.target())?.revision, won[0] as Revision)
  t.deepEqual(
    (await store.events({ limit: 10 })).map((one) => one.revision),
    won as Revision[],
  )
})

onEachDatabase('pauses hold until they are lifted or over', async (t, { store }) => {
  const room = { kind: 'room', id: 'victor-hugo/b204' } as const
  const pause = { scope: room, who: 'claire', why: 'examens', at: start, until: start + 1000 }
  const whole = { scope: { kind: 'park' }, who: 'paul', why: 'panne', at: start + 1 } as const
  await store.setPause(pause)
  await store.setPause(whole)
  t.deepEqual(await store.pauses(start + 999), [pause, whole])
  t.deepEqual(await store.pauses(start + 1000), [whole])
  t.true(await store.clearPause({ kind: 'park' }))
  t.false(await store.clearPause({ kind: 'park' }))
  t.deepEqual(await store.pauses(start), [pause])
})

onEachDatabase('a second pause of the same place replaces the first', async (t, { store }) => {
  const scope = { kind: 'lycee', id: 'victor-hugo' } as const
  await store.setPause({ scope, who: 'claire', why: 'travaux', at: start, until: start + 5 })
  await store.setPause({ scope, who: 'paul', why: 'examens', at: start + 1 })
  t.deepEqual(await store.pauses(start + 10), [{ scope, who: 'paul', why: 'examens', at: start + 1 }])
})

onEachDatabase('a pinned host key is kept, and replaced by a later pin', async (t, { store }) => {
  t.is(await store.hostKey(machineId(1)), undefined)
  await store.pinHostKey(machineId(1), 'SHA256:abc')
  await store.pinHostKey(machineId(1), 'SHA256:def')
  t.is(await store.hostKey(machineId(1)), 'SHA256:def')
  t.is(await store.hostKey(machineId(2)), undefined)
})

onEachDatabase('a plan comes back as it was put, in the order of machines', async (t, { store }) => {
  const put = plan(
    [
      ['a-lycee/pc' as MachineId, converged],
      [machineId(1), converged],
      [machineId(2), unknown],
    ],
    { unmanaged: [machineId(9)] },
  )
  await store.putPlan(put)
  const latest = await store.latestPlan()
  t.deepEqual(latest, put)
  t.deepEqual([...(latest?.decisions.keys() ?? [])], [
    'a-lycee/pc',
    machineId(1),
    machineId(2),
  ] as MachineId[])
})

onEachDatabase('of a newer plan only what differs is put', async (t, { store }) => {
  const { decisions: _all, ...head } = plan([], { id: 'plan-2' as PlanId, at: start + 5, target: target(2) })
  await store.putPlan(
    plan([
      [machineId(1), converged],
      [machineId(2), converged],
    ]),
  )
  await store.putDecisions(head, new Map([[machineId(2), unknown]]))
  t.deepEqual(await store.latestPlan(), {
    ...head,
    decisions: new Map<MachineId, Decision>([
      [machineId(1), converged],
      [machineId(2), unknown],
    ]),
  })
})

onEachDatabase('a plan of the whole park drops machines that left it', async (t, { store }) => {
  await store.putPlan(
    plan([
      [machineId(1), converged],
      [machineId(2), converged],
    ]),
  )
  await store.putPlan(plan([[machineId(2), converged]], { id: 'plan-2' as PlanId }))
  const latest = await store.latestPlan()
  t.deepEqual([...(latest?.decisions.keys() ?? [])], [machineId(2)])
  t.is(latest?.id, 'plan-2' as PlanId)
})

onEachDatabase('events are numbered in order, and read on from a number', async (t, { store }) => {
  const data = { actions: 3, text: 'à faire' }
  await store.append([event({ machine: machineId(1), data }), event({ revision: 'c' as Revision })])
  await store.append([])
  await store.append([event({ machine: machineId(1), kind: 'observed' })])
  const all = await store.events({ limit: 10 })
  t.deepEqual(
    all.map((one) => one.seq),
    [1, 2, 3],
  )
  t.deepEqual(all[0], { seq: 1, ...event({ machine: machineId(1), data }) })
  t.deepEqual(await store.events({ after: 1, limit: 1 }), all.slice(1, 2))
  t.deepEqual(await store.events({ limit: 2 }), all.slice(1))
  t.deepEqual(
    (await store.events({ machine: machineId(1), limit: 10 })).map((one) => one.seq),
    [1, 3],
  )
})

onEachDatabase('events of many writers have no gap and no number twice', async (t, { store, openAgain }) => {
  const other = await openAgain()
  await Promise.all(
    Array.from({ length: 40 }, (_, index) => (index % 2 ? store : other).append([event(), event()])),
  )
  t.deepEqual(
    (await store.events({ after: 0, limit: 100 })).map((one) => one.seq),
    Array.from({ length: 80 }, (_, index) => index + 1),
  )
})

onEachDatabase('a lease is one holder’s until it expires', async (t, { store, openAgain }) => {
  const other = await openAgain()
  t.true(await store.lease('loop', 'a', start, 1000))
  t.false(await other.lease('loop', 'b', start + 999, 1000))
  t.true(await store.lease('loop', 'a', start + 999, 1000))
  t.false(await other.lease('loop', 'b', start + 1998, 1000))
  t.true(await other.lease('loop', 'b', start + 1999, 1000))
  t.true(await store.lease('another', 'a', start, 1000))
})

onEachDatabase('a free lease goes to exactly one of many', async (t, { store, openAgain }) => {
  const stores = [store, await openAgain(), await openAgain()]
  const taken = await Promise.all(
    Array.from({ length: 12 }, (_, index) => stores[index % 3]?.lease('loop', `h${index}`, start, 1000)),
  )
  t.is(taken.filter(Boolean).length, 1)
})

onEachDatabase('old revisions are collected, the target’s never', async (t, { store }) => {
  for (let number = 1; number <= 30; number += 1)
    await store.putRevision(`commit-${number}` as Revision, digest(number), '{}', start + number)
  await store.advanceTarget(target(1))
  await store.collectGarbage(start)
  t.truthy(await store.getRevision(digest(1)))
  t.is(await store.getRevision(digest(2)), undefined)
  t.truthy(await store.getRevision(digest(30)))
})

onEachDatabase('a store of a newer version is refused by name', async (t, { store, url }) => {
  await store.target()
  const { createKyselyStore } = await import('../../reconciler/store/kysely-store.ts')
  const { sqliteDialect } = await import('../../reconciler/store/sqlite-dialect.ts')
  const { postgresDialect } = await import('../../reconciler/store/postgres-dialect.ts')
  const { Kysely, sql } = await import('kysely')
  const dialect = () =>
    url.startsWith('sqlite:') ? sqliteDialect(url.slice('sqlite:'.length)) : postgresDialect(url)
  const db = new Kysely({ dialect: dialect() })
  await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '2030')`.execute(db)
  await db.destroy()
  const newer = createKyselyStore(dialect())
  const error = await t.throwsAsync(newer.migrate(), { instanceOf: StoreError })
  await newer.close()
  t.is(error.code, 'store-newer')
  t.regex(error.message, /9999-later/)
})

test('an address that is no store’s is refused', async (t) => {
  const error = await t.throwsAsync(openStore('mysql://root:secret@host/db'), { instanceOf: StoreUrlError })
  t.is(error.code, 'store-url')
  t.notRegex(error.message, /secret/)
})

test('a database that does not answer is said to be unreachable', async (t) => {
  const error = await t.throwsAsync(openStore('postgres://nobody@localhost/x?host=/nonexistent'), {
    instanceOf: StoreError,
  })
  t.is(error.code, 'store-unreachable')
})

test('a file that is no database is said to be damaged', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-store-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'store.db')
  await writeFile(path, 'this is not a database, '.repeat(1000))
  const error = await t.throwsAsync(openStore(`sqlite:${path}`), { instanceOf: StoreError })
  t.is(error.code, 'store-damaged')
})

test('a path where no file can be is said to be unreadable', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-store-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'file'), '')
  const error = await t.throwsAsync(openStore(`sqlite:${join(folder, 'file', 'store.db')}`), {
    instanceOf: StoreError,
  })
  t.is(error.code, 'store-unreadable')
})

test('a full disk is said to be full, and the store works again once there is space', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-store-'))
  await execute('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder])
  t.teardown(async () => {
    await execute('umount', [folder])
    await rm(folder, { recursive: true, force: true })
  })
  const store = await openStore(`sqlite:${join(folder, 'store.db')}`)
  const ballast = join(folder, 'ballast')
  await writeFile(ballast, 'x'.repeat(1024 * 1024))
  const big = 'y'.repeat(1024 * 1024)
  const error = await t.throwsAsync(store.putRevision('c' as Revision, digest(1), big, start), {
    instanceOf: StoreError,
  })
  t.is(error.code, 'store-full')
  await rm(ballast)
  await store.append([event()])
  t.is((await store.events({ limit: 10 })).length, 1)
  await store.close()
})
