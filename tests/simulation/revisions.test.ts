import test from 'ava'
import type { MachineId, Revision } from '../../reconciler/model/ids.ts'
import { action } from '../conformance/samples.ts'
import { sixPcs, wish } from './lycee.ts'
import { assertAsWanted, assertSafe } from './truth.ts'
import { createWorld, type World } from './world.ts'

const archive = { geogebra: ['6.0.850-1'], blender: ['4.2.0-1'] }
const first = { packages: { geogebra: 'present' } }
const second = { packages: { geogebra: 'present', blender: 'present' } }

const kinds = async (world: World, kind: string) =>
  (await world.store.events({ after: 0, limit: 10_000 })).filter((event) => event.kind === kind)

test('a commit that does not compile changes nothing and is told once, by its author', async (t) => {
  const world = await createWorld(t, { seed: 1, ids: sixPcs, archive })
  const desired = wish(sixPcs, first)
  world.commit('c1', desired)
  await world.once('a')
  const target = await world.store.target()
  world.commit('c2', undefined)
  const alive = world.loop('b')
  alive.run()
  await world.clock.pass(3_600_000)
  await alive.stop()
  t.is(await world.once('c'), 'converged')
  t.deepEqual(await world.store.target(), target)
  const told = await kinds(world, 'revision-refused')
  t.is(told.length, 1)
  t.like(told[0], { revision: 'c2' as Revision, actor: 'claire' })
  t.like(told[0]?.data, {
    code: 'revision-broken',
    diagnostics: [{ file: 'roles/poste.yaml', line: 4, column: 3 }],
  })
  assertAsWanted(t, world, desired)
})

test('drift is healed while the newest commit is broken, also after a restart', async (t) => {
  const world = await createWorld(t, { seed: 2, ids: sixPcs, archive })
  const desired = wish(sixPcs, first)
  world.commit('c1', desired)
  await world.once('a')
  world.commit('c2', undefined)
  world.pc('victor-hugo/b204-01').installed.delete('geogebra')
  t.is(await world.once('b'), 'converged')
  assertAsWanted(t, world, desired)
})

test('a first commit that is broken leaves everything alone', async (t) => {
  const world = await createWorld(t, { seed: 3, ids: sixPcs, archive })
  world.commit('c1', undefined)
  t.is(await world.once('a'), 'blocked')
  t.is(await world.store.target(), undefined)
  t.is((await kinds(world, 'revision-refused')).length, 1)
})

test('an empty park changes nothing', async (t) => {
  const world = await createWorld(t, { seed: 4, ids: sixPcs, archive })
  world.commit('c1', wish(sixPcs, first))
  await world.once('a')
  world.commit('c2', wish([], first))
  t.is(await world.once('b'), 'converged')
  t.is((await world.store.target())?.revision as string, 'c1')
  t.is((await kinds(world, 'revision-refused')).length, 1)
})

test('the commit after a broken one is followed, and a later broken one is told again', async (t) => {
  const world = await createWorld(t, { seed: 5, ids: sixPcs, archive })
  const alive = world.loop('a')
  world.commit('c1', wish(sixPcs, first))
  alive.run()
  await world.clock.pass(300_000)
  world.commit('c2', undefined)
  await world.clock.pass(1_000)
  world.commit('c3', wish(sixPcs, second))
  await world.clock.pass(300_000)
  world.commit('c2', undefined)
  await world.clock.pass(300_000)
  await alive.stop()
  t.is((await kinds(world, 'revision-refused')).length, 2)
  t.deepEqual(
    (await kinds(world, 'target-moved')).map((event) => event.revision as string),
    ['c1', 'c3'],
  )
  assertAsWanted(t, world, wish(sixPcs, second))
})

test('a commit that removes much of the park is held until it is approved', async (t) => {
  const world = await createWorld(t, { seed: 6, ids: sixPcs, archive })
  world.commit('c1', wish(sixPcs, first))
  await world.once('a')
  const rest = sixPcs.slice(0, 3)
  world.commit('c2', wish(rest, second))
  t.is(await world.once('b'), 'converged')
  t.is(await world.once('c'), 'converged')
  t.is((await world.store.target())?.revision as string, 'c1')
  t.is((await kinds(world, 'revision-held')).length, 1)
  t.false(world.pc(rest[0] ?? '').installed.has('blender'))

  t.is(await world.once('d', { approve: ['c2' as Revision] }), 'converged')
  t.is((await world.store.target())?.revision as string, 'c2')
  assertAsWanted(t, world, wish(rest, second))
  for (const id of sixPcs.slice(3)) t.false(world.pc(id).installed.has('blender'), id)
  t.deepEqual(
    (await kinds(world, 'unmanaged')).map((event) => event.machine),
    sixPcs.slice(3) as MachineId[],
  )
  t.deepEqual((await world.store.latestPlan())?.unmanaged, sixPcs.slice(3) as MachineId[])
})

test('a commit that changes no machine is followed without touching any', async (t) => {
  const world = await createWorld(t, { seed: 7, ids: sixPcs, archive })
  const desired = wish(sixPcs, first)
  world.commit('c1', desired)
  await world.once('a')
  const started = world.pc('victor-hugo/b204-01').record.started.length
  world.commit('c2', desired)
  t.is(await world.once('b'), 'converged')
  t.is((await world.store.target())?.revision as string, 'c2')
  t.is(world.pc('victor-hugo/b204-01').record.started.length, started)
})

test('a commit is noticed at the next full pass even if no event told of it', async (t) => {
  const world = await createWorld(t, { seed: 8, ids: sixPcs, archive, deaf: true })
  world.commit('c1', wish(sixPcs, first))
  const alive = world.loop('a')
  alive.run()
  await world.clock.pass(300_000)
  world.commit('c2', wish(sixPcs, second))
  await world.clock.pass(300_000)
  await alive.stop()
  assertAsWanted(t, world, wish(sixPcs, second))
})

test('once ends where PCs refuse the target, and what they say is remembered', async (t) => {
  const world = await createWorld(t, { seed: 10, ids: sixPcs, archive })
  world.commit('c1', wish(sixPcs, first))
  const pc = world.pc('victor-hugo/b204-01')
  const foreign = action('foreign', pc.id, { fence: { epoch: 1, generation: 50 } })
  pc.record.admit(foreign, world.clock.now())
  pc.record.end(foreign.id, { kind: 'complete', results: [], at: world.clock.now() })
  t.is(await world.once('a'), 'blocked')
  const history = await world.store.history()
  t.is(history.get(pc.id)?.backoffs[0]?.reason.code, 'fence-older')
  t.deepEqual(
    [...history].filter(([id, { backoffs }]) => id !== pc.id && backoffs.length > 0),
    [],
  )
  t.is((await kinds(world, 'action-ended')).filter(({ machine }) => machine === pc.id).length, 1)
  const decision = (await world.store.latestPlan())?.decisions.get(pc.id)
  t.like(decision, { kind: 'held', by: 'backoff' })

  const target = await world.store.target()
  if (target === undefined) return t.fail()
  const fence = { epoch: 2, generation: 1 }
  t.true(await world.store.advanceTarget({ ...target, fence, parent: target.fence }))
  t.is(await world.once('a', { horizonMs: 600_000 }), 'converged')
})

test('a PC refuses an action of an older target, and nothing is run for it', async (t) => {
  const world = await createWorld(t, { seed: 9, ids: sixPcs, archive })
  const desired = wish(sixPcs, first)
  world.commit('c1', desired)
  const pc = world.pc('victor-hugo/b204-01')
  // Another hub, whose store this loop does not see, has been here with a later target.
  const foreign = action('foreign', pc.id, { fence: { epoch: 1, generation: 50 } })
  t.is(pc.record.admit(foreign, world.clock.now()).kind, 'started')
  pc.record.end(foreign.id, { kind: 'complete', results: [], at: world.clock.now() })
  const alive = world.loop('a')
  alive.run()
  await world.clock.pass(3_600_000)
  await alive.stop()
  t.is(pc.record.started.length, 1)
  t.is(pc.installed.size, 0)
  const ended = (await kinds(world, 'action-ended')).filter((event) => event.machine === pc.id)
  t.true(ended.length > 0)
  for (const event of ended) t.like(event.data, { outcome: 'refused', code: 'fence-older' })
  t.true(ended.length < 60, `asked ${ended.length} times in an hour`)
  assertSafe(t, world)
})
