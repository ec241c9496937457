import test from 'ava'
import { between, createRandom } from '../../providers/simulated/random.ts'
import type { Store } from '../../reconciler/store/store.ts'
import { StoreError } from '../../reconciler/store/store-error.ts'
import { sixPcs, wish } from './lycee.ts'
import { assertAsWanted, assertSafe } from './truth.ts'
import { createWorld } from './world.ts'

const archive = { geogebra: ['6.0.800-1', '6.0.850-1'], blender: ['4.2.0-1'] }
const wrong = { geogebra: '6.0.800-1', minetest: '5.6-1' }
const wanted = {
  packages: { geogebra: '6.0.850', blender: 'present', minetest: 'absent' },
  scripts: { proxy: 'change', enrol: 'once' },
}
const some = sixPcs.slice(0, 3)

test('two loops on one store never run anything twice', async (t) => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const world = await createWorld(t, { seed, ids: sixPcs, archive, installed: wrong })
    const desired = wish(sixPcs, wanted)
    world.commit('c1', desired)
    const loops = [world.loop('a'), world.loop('b'), world.loop('c')]
    for (const loop of loops) loop.run()
    await world.clock.pass(1_200_000)
    for (const loop of loops) await loop.stop()
    assertAsWanted(t, world, desired)
    assertSafe(t, world)
    for (const pc of world.pcs.values()) t.is(pc.record.started.length, 1, `seed ${seed}: ${pc.id}`)
    t.is((await world.store.target())?.fence.generation, 1)
  }
})

test('three loops under a rain of commits run nothing for once twice', async (t) => {
  for (let seed = 1; seed <= 15; seed += 1) {
    const world = await createWorld(t, { seed, ids: some })
    // Scripts alone: a package's version in the precondition would betray a decision that is out of date.
    const commit = (number: number) => {
      const desired = wish(some, { scripts: wanted.scripts, more: { roles: [`r${number}`] } })
      world.commit(`c${number}`, desired)
      return desired
    }
    const loops = [world.loop('a'), world.loop('b'), world.loop('c')]
    let desired = commit(0)
    for (const loop of loops) loop.run()
    for (let number = 1; number <= 40; number += 1) {
      await world.clock.pass(Math.round(between(world.random, 200, 6_000)))
      desired = commit(number)
    }
    await world.clock.pass(1_200_000)
    for (const loop of loops) await loop.stop()
    assertAsWanted(t, world, desired)
    assertSafe(t, world)
  }
})

test('with a lease the second loop stands by, and takes over when the first is killed', async (t) => {
  const world = await createWorld(t, { seed: 1, ids: sixPcs, archive, installed: wrong })
  const desired = wish(sixPcs, wanted)
  world.commit('c1', desired)
  const lease = { name: 'loop', ttlMs: 30_000 }
  const [active, standby] = [world.loop('a', { lease }), world.loop('b', { lease })]
  active.run()
  await world.clock.pass(2_000)
  standby.run()
  await world.clock.pass(3_000)
  t.deepEqual([...new Set((await world.store.openActions()).map((open) => open.owner))], ['a'])
  active.kill()
  await world.clock.pass(600_000)
  await standby.stop()
  assertAsWanted(t, world, desired)
  assertSafe(t, world)
})

test('a loop that lost its store for longer than its claims last does not run anything twice', async (t) => {
  let down = false
  const wrapStore = (store: Store) => failing(store, () => down)
  const world = await createWorld(t, { seed: 3, ids: some, archive, installed: wrong, wrapStore })
  const desired = wish(some, wanted)
  world.commit('c1', desired)
  const alive = world.loop('a')
  alive.run()
  await world.clock.pass(4_000)
  down = true
  await world.clock.pass(900_000)
  t.true(world.progress.some((one) => one.kind === 'trouble' && one.reason.code === 'store-full'))
  const tries = world.progress.filter((one) => one.kind === 'trouble').length
  t.true(tries < 200, `tried ${tries} times in a quarter of an hour`)
  down = false
  await world.clock.pass(600_000)
  await alive.stop()
  assertAsWanted(t, world, desired)
  assertSafe(t, world)
})

test('a store that stays unusable ends once with its error', async (t) => {
  const world = await createWorld(t, { seed: 4, ids: some, wrapStore: (store) => failing(store, () => true) })
  world.commit('c1', wish(some, wanted))
  const error = await t.throwsAsync(world.once('a'), { instanceOf: StoreError })
  t.is(error.code, 'store-full')
})

test('a store that fails now and then delays things, and nothing else', async (t) => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const random = createRandom(seed)
    let healthy = false
    const wrapStore = (store: Store) => failing(store, () => !healthy && random() < 0.15)
    const world = await createWorld(t, { seed, ids: some, archive, installed: wrong, wrapStore })
    const desired = wish(some, wanted)
    world.commit('c1', desired)
    const alive = world.loop('a')
    alive.run()
    await world.clock.pass(1_800_000)
    healthy = true
    await world.clock.pass(1_200_000)
    await alive.stop()
    assertAsWanted(t, world, desired)
    assertSafe(t, world)
  }
})

test('killed at any call to the store or a PC and started again, it converges, and nothing is done twice', async (t) => {
  for (let call = 1; call <= 60; call += 1)
    for (const when of ['before', 'after'] as const) {
      const world = await createWorld(t, { seed: call, ids: some, archive, installed: wrong })
      const desired = wish(some, wanted)
      world.commit('c1', desired)
      const alive = world.loop('a')
      alive.mortality.dieAtCall(call, when)
      alive.run()
      await world.clock.pass(120_000)
      t.is(await world.once('b'), 'converged', `killed ${when} call ${call}`)
      assertAsWanted(t, world, desired)
      assertSafe(t, world)
      t.deepEqual(await world.store.openActions(), [])
    }
})

test('killed again and again at random instants it gets there in the end', async (t) => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = createRandom(seed)
    const world = await createWorld(t, { seed, ids: sixPcs, archive, installed: wrong })
    const desired = wish(sixPcs, wanted)
    world.commit('c1', desired)
    for (let life = 0; life < 8; life += 1) {
      const alive = world.loop(`life-${life}`)
      alive.run()
      await world.clock.pass(Math.round(between(random, 0, 40_000)))
      alive.kill()
    }
    t.is(await world.once('last'), 'converged', `seed ${seed}`)
    assertAsWanted(t, world, desired)
    assertSafe(t, world)
    for (const pc of world.pcs.values()) t.is(pc.record.started.length, 1, `seed ${seed}: ${pc.id}`)
  }
})

/** A store whose every method but `close` throws while `down` says so: before it did anything, as a full disk does. */
const failing = (store: Store, down: () => boolean): Store =>
  new Proxy(store, {
    get: (target, name, receiver) => {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function' || name === 'close') return member
      return async (...args: readonly unknown[]) => {
        if (down()) throw new StoreError('store-full', 'database or disk is full')
        return Reflect.apply(member, target, args)
      }
    },
  })
