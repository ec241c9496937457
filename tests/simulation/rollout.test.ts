/** The way of a commit through a lycée: the real loop and store, simulated PCs, virtual time. */
import test, { type ExecutionContext } from 'ava'
import type { MachineId, RolloutOrderId, SiteId } from '../../reconciler/model/ids.ts'
import type { Rollout, RolloutOrder } from '../../reconciler/model/rollout.ts'
import type { Desired, DesiredRollout } from '../../specs/desired.ts'
import { capacity } from '../reconciler/sample-park.ts'
import { sixPcs, type Wish, wish } from './lycee.ts'
import { assertAsWanted } from './truth.ts'
import { type Alive, createWorld, type World } from './world.ts'

const minute = 60_000
const hour = 60 * minute

const archive = { geogebra: ['6.0.850-1'], blender: ['4.2.0-1'], krita: ['5.2.2-1'] }
const before: Wish = { packages: { geogebra: 'present' } }
const canary = sixPcs.slice(0, 3)
const others = sixPcs.slice(3)

/** Room b204 first; the others half an hour later. */
const inTwoWaves: DesiredRollout = { waves: [{ rooms: ['b204'] }, { percent: 100 }], soakMs: 30 * minute }

const newCommit = (rollout: Partial<DesiredRollout> = {}, packages = 'blender'): Desired =>
  wish(sixPcs, {
    packages: { geogebra: 'present', [packages]: 'present' },
    rollout: { ...inTwoWaves, ...rollout },
  })

/** All are as the first commit says, and a loop runs. */
async function settled(t: ExecutionContext, seed: number): Promise<{ world: World; alive: Alive }> {
  const world = await createWorld(t, { seed, ids: sixPcs, archive })
  world.commit('c1', wish(sixPcs, before))
  t.is(await world.once('first'), 'converged')
  const alive = world.loop('loop', { requestsEveryMs: 5_000 })
  alive.run()
  return { world, alive }
}

const having = (world: World, name: string): readonly string[] =>
  sixPcs.filter((id) => world.pc(id).installed.has(name))

const newest = async (world: World): Promise<Rollout> => {
  const [rollout] = await world.store.rollouts(1)
  if (rollout === undefined) throw new Error('there is no rollout')
  return rollout
}

const decided = async (world: World, id: string | undefined) =>
  (await world.store.latestPlan())?.decisions.get(id as MachineId)

const told = async (world: World): Promise<readonly string[]> =>
  (await world.store.events({ after: 0, limit: 10_000 }))
    .map(({ kind }) => kind)
    .filter((kind) => /rollout|wave|lycee-held/.test(kind))

let orders = 0

async function order(world: World, kind: RolloutOrder['kind'], why?: string): Promise<RolloutOrderId> {
  const rollout = (await newest(world)).id
  const at = world.clock.now()
  orders += 1
  const id = `order-${orders}` as RolloutOrderId
  await world.store.addRolloutOrder(
    { id, rollout, kind, who: 'claire', at, ...(why === undefined ? {} : { why }) },
    { at, kind: 'rollout-ordered', actor: 'claire', message: { en: kind, fr: kind } },
  )
  await world.clock.pass(2 * minute)
  return id
}

test('a commit goes to the first wave, and to the next only after that was well for the soak time', async (t) => {
  const { world, alive } = await settled(t, 1)
  world.commit('c2', newCommit())
  await world.clock.pass(10 * minute)
  t.deepEqual(having(world, 'blender'), canary)
  const waiting = await decided(world, others[0])
  t.like(waiting, { kind: 'held', by: 'wave', reason: { code: 'wave-not-open' } })
  t.true(waiting?.kind === 'held' && waiting.changes.length === 1)
  const until = waiting?.kind === 'held' ? (waiting.until ?? 0) : 0
  t.true(until > world.clock.now() && until <= world.clock.now() + 30 * minute)

  await world.clock.pass(45 * minute)
  t.deepEqual(having(world, 'blender'), sixPcs)
  await world.clock.pass(hour)
  t.is((await newest(world)).phase.kind, 'done')
  t.deepEqual(await told(world), [
    'rollout-ended',
    'rollout-started',
    'wave-opened',
    'wave-passed',
    'wave-opened',
    'wave-passed',
    'rollout-ended',
  ])
  await alive.stop()
  assertAsWanted(t, world, newCommit())
})

test('a commit that comes at any moment of the rollout before is followed, also at its last', async (t) => {
  for (let offset = 0; offset < 40; offset += 1) {
    const world = await createWorld(t, { seed: 20, ids: canary, archive })
    const alive = world.loop('loop', { requestsEveryMs: 5_000 })
    alive.run()
    world.commit('c1', wish(canary, before))
    await world.clock.pass(offset * 1_000)
    const next = wish(canary, { packages: { geogebra: 'present', krita: 'present' } })
    world.commit('c2', next)
    await world.clock.pass(10 * minute)
    t.is((await world.store.target())?.revision, 'c2' as never, `${offset} s after the first`)
    await alive.stop()
    assertAsWanted(t, world, next)
  }
})

test('a bad commit stops at its first wave, says why, and the commit that mends it goes to all', async (t) => {
  const { world, alive } = await settled(t, 2)
  world.archive.failing.add('blender')
  world.commit('c2', newCommit())
  await world.clock.pass(3 * hour)
  const { phase } = await newest(world)
  t.like(phase, { kind: 'paused', by: 'failures', reason: { code: 'too-many-failures' } })
  t.deepEqual(
    others.map((id) => world.pc(id).record.started.length),
    [1, 1, 1],
    'nothing was tried on the others since the first commit',
  )
  t.like(await decided(world, others[0]), { kind: 'held', by: 'wave', reason: { code: 'wave-not-open' } })

  const mended = newCommit({}, 'krita')
  world.commit('c3', mended)
  await world.clock.pass(3 * hour)
  await alive.stop()
  t.deepEqual(having(world, 'krita'), sixPcs)
  t.is((await newest(world)).phase.kind, 'done')
  assertAsWanted(t, world, mended)
})

test('while the rollout waits, drift from what was before is healed, and limits take force at once', async (t) => {
  const { world, alive } = await settled(t, 3)
  world.commit('c2', newCommit({ soakMs: 12 * hour }))
  await world.clock.pass(10 * minute)
  world.pc(others[0] ?? '').installed.delete('geogebra')
  await world.clock.pass(10 * minute)
  t.true(world.pc(others[0] ?? '').installed.has('geogebra'))
  t.deepEqual(having(world, 'blender'), canary)

  world.commit(
    'c3',
    wish(sixPcs, {
      packages: { geogebra: 'present', blender: 'present' },
      rollout: { ...inTwoWaves, soakMs: 12 * hour },
      more: { inUse: { kind: 'quiet' } },
    }),
  )
  await world.clock.pass(5 * minute)
  const target = await world.store.target()
  const kept = target && (await world.store.getRevision(target.desired))
  t.true(kept?.bytes.includes('"inUse":{"kind":"quiet"}'))
  t.false(kept?.bytes.includes('"inUse":{"kind":"wait"}'), 'how we work is not a matter of waves')
  t.deepEqual(having(world, 'blender'), canary, 'a newer commit moves nobody backwards')
  await alive.stop()
})

test('PCs that stay off follow later and hold nobody up', async (t) => {
  const { world, alive } = await settled(t, 4)
  const absent = world.pc(canary[0] ?? '')
  absent.powerOff()
  absent.wakeable = false
  world.commit('c2', newCommit({ deadlineMs: 2 * hour }))
  await world.clock.pass(90 * minute)
  t.deepEqual(having(world, 'blender'), canary.slice(1), 'until its deadline a wave waits for them')
  await world.clock.pass(90 * minute)
  t.deepEqual(having(world, 'blender'), [...canary.slice(1), ...others])
  absent.powerOn()
  await world.clock.pass(20 * minute)
  t.deepEqual(having(world, 'blender'), sixPcs)
  await alive.stop()
})

test('PCs that are off and may not be woken are waited for by no wave', async (t) => {
  const world = await createWorld(t, { seed: 14, ids: sixPcs, archive })
  const notWoken = { power: { wake: false, reboot: 'when-needed' } } as const
  world.commit('c1', wish(sixPcs, { ...before, more: notWoken }))
  await world.once('first')
  const alive = world.loop('loop')
  alive.run()
  world.pc(canary[0] ?? '').powerOff()
  await world.clock.pass(5 * minute)
  const next: Wish = {
    packages: { geogebra: 'present', blender: 'present' },
    rollout: inTwoWaves,
    more: notWoken,
  }
  world.commit('c2', wish(sixPcs, next))
  await world.clock.pass(90 * minute)
  t.deepEqual(having(world, 'blender'), [...canary.slice(1), ...others])
  await alive.stop()
})

test('a wave of which nobody could be reached shows nothing: a person says whether to go on', async (t) => {
  const { world, alive } = await settled(t, 5)
  for (const id of canary) {
    world.pc(id).powerOff()
    world.pc(id).wakeable = false
  }
  world.commit('c2', newCommit({ deadlineMs: 2 * hour }))
  await world.clock.pass(12 * hour)
  t.deepEqual(having(world, 'blender'), [])
  t.like(await decided(world, others[0]), {
    kind: 'held',
    by: 'wave',
    reason: { code: 'wave-shows-nothing' },
  })
  await order(world, 'approve')
  await world.clock.pass(hour)
  t.deepEqual(having(world, 'blender'), others)
  await alive.stop()
})

test('what was shown nowhere before it was done goes through the waves again with the next commit', async (t) => {
  const { world, alive } = await settled(t, 5)
  for (const id of sixPcs) {
    world.pc(id).powerOff()
    world.pc(id).wakeable = false
  }
  world.commit('c2', newCommit({ deadlineMs: 2 * hour }))
  for (let wave = 0; wave < 2; wave += 1) {
    await world.clock.pass(3 * hour)
    await order(world, 'approve')
  }
  t.like(await newest(world), { phase: { kind: 'done', untried: 6 } })
  // It changes no PC any more.
  world.commit('c3', newCommit({ deadlineMs: 4 * hour }))
  await world.clock.pass(hour)
  t.like(await newest(world), {
    revision: 'c3',
    proven: { revision: 'c1' },
    phase: { kind: 'running' },
    waves: [{ machines: 3 }, { machines: 3 }, { machines: 0 }],
  })
  await alive.stop()
})

test('a person pauses and resumes: who was begun is finished, nobody else is begun', async (t) => {
  const { world, alive } = await settled(t, 6)
  world.commit('c2', newCommit({ soakMs: 10 * minute }))
  await world.clock.pass(5 * minute)
  await order(world, 'pause', 'exam')
  await world.clock.pass(5 * hour)
  t.deepEqual(having(world, 'blender'), canary)
  t.like(await decided(world, others[0]), { kind: 'held', by: 'wave', reason: { code: 'wave-not-open' } })
  await order(world, 'resume')
  await world.clock.pass(hour)
  t.deepEqual(having(world, 'blender'), sixPcs)
  await alive.stop()
})

test('where the specs ask for it, a person approves each wave', async (t) => {
  const { world, alive } = await settled(t, 7)
  world.commit('c2', newCommit({ soakMs: minute, approval: true }))
  await world.clock.pass(5 * hour)
  t.deepEqual(having(world, 'blender'), canary)
  t.like(await decided(world, others[0]), { kind: 'held', reason: { code: 'wave-awaits-approval' } })
  await order(world, 'approve')
  await world.clock.pass(hour)
  t.deepEqual(having(world, 'blender'), sixPcs)
  await alive.stop()
})

test('a rollout that is taken back returns those on whom it was begun, and the commit is not begun again', async (t) => {
  const { world, alive } = await settled(t, 8)
  world.commit('c2', newCommit({ soakMs: 6 * hour }))
  await world.clock.pass(20 * minute)
  await order(world, 'rollback', 'a bad idea')
  await world.clock.pass(hour)
  // Packages that are not managed any more are left alone: what was wanted before is wanted again, and no more is promised.
  const target = await world.store.target()
  t.is(target?.revision, 'c1' as never)
  t.is(target?.desired, wish(sixPcs, before).digest)
  t.like(await newest(world), { isRollback: true, phase: { kind: 'done' } })
  await alive.stop()
  t.is(await world.once('again'), 'converged')
  t.is((await world.store.target())?.revision, 'c1' as never)
  t.deepEqual(having(world, 'blender'), canary)
})

test('an aborted rollout leaves everybody with what they have', async (t) => {
  const { world, alive } = await settled(t, 9)
  world.commit('c2', newCommit({ soakMs: 6 * hour }))
  await world.clock.pass(20 * minute)
  await order(world, 'abort', 'next week')
  await world.clock.pass(24 * hour)
  t.deepEqual(having(world, 'blender'), canary)
  t.is((await newest(world)).phase.kind, 'aborted')
  world.pc(canary[0] ?? '').installed.delete('blender')
  await world.clock.pass(hour)
  t.deepEqual(having(world, 'blender'), canary, 'what they have is kept')
  await alive.stop()
})

test('an order for a rollout that is over is answered by its id, and none is left', async (t) => {
  const { world, alive } = await settled(t, 9)
  world.commit('c2', newCommit())
  await world.clock.pass(5 * minute)
  await order(world, 'abort', 'next week')
  t.is((await newest(world)).phase.kind, 'aborted')
  const late = [await order(world, 'abort'), await order(world, 'pause')]
  const events = await world.store.events({ after: 0, limit: 10_000 })
  t.deepEqual(
    events.filter(({ kind }) => kind === 'rollout-order-refused').map(({ data }) => data),
    late.map((id, index) => ({ id, order: index === 0 ? 'abort' : 'pause', code: 'rollout-over' })),
  )
  t.deepEqual(await world.store.rolloutOrders(), [])
  await alive.stop()
})

test('a quiet commit that fails goes back by itself where the specs allow it', async (t) => {
  const { world, alive } = await settled(t, 10)
  world.archive.failing.add('blender')
  world.commit('c2', newCommit({ rollback: 'quiet' }))
  await world.clock.pass(2 * hour)
  t.is((await world.store.target())?.revision, 'c1' as never)
  t.deepEqual(having(world, 'blender'), [])
  await alive.stop()
})

test('a lycée in which much fails is held by itself, and the others go on', async (t) => {
  const many = Array.from({ length: 20 }, (_, index) => `pasteur/c1-${String(index + 10)}`)
  const few = Array.from({ length: 8 }, (_, index) => `hugo/a1-0${index + 1}`)
  const ids = [...few, ...many]
  const world = await createWorld(t, { seed: 11, ids, archive })
  world.commit('c1', wish(ids, before))
  await world.once('first')
  for (const id of few) world.pc(id).exitCodes.set('proxy' as never, 1)
  const next = wish(ids, {
    scripts: { proxy: 'change' },
    site: { capacity: capacity({ actions: 2 }) },
    rollout: {
      waves: [{ percent: 100 }],
      soakMs: minute,
      pauseAtFailureShare: 0.6,
      lyceeFailureShare: 0.5,
    },
  })
  world.commit('c2', next)
  const alive = world.loop('loop')
  alive.run()
  await world.clock.pass(2 * hour)
  const rollout = await newest(world)
  t.deepEqual(Object.keys(rollout.heldSites), ['hugo' as SiteId])
  t.true(many.every((id) => world.pc(id).runs.length === 1))
  const untouched = few.filter((id) => world.pc(id).runs.length === 0)
  t.is(untouched.length, 5, 'two failed, and what stood in for the first was under way')
  t.like(await decided(world, untouched[0]), {
    kind: 'held',
    by: 'budget',
    reason: { code: 'lycee-held' },
  })
  await alive.stop()
})

test('killed at any time and started again, a rollout goes on where it was, and its waves stay the same', async (t) => {
  const world = await createWorld(t, { seed: 12, ids: sixPcs, archive })
  world.commit('c1', wish(sixPcs, before))
  await world.once('first')
  const next = newCommit({ soakMs: 20 * minute })
  world.commit('c2', next)
  for (let life = 0; life < 14; life += 1) {
    const alive = world.loop(`life-${life}`, { staleOwnerMs: 30_000 })
    alive.run()
    await world.clock.pass(Math.round((1 + world.random() * 6) * minute))
    alive.kill()
    if (life < 3)
      t.deepEqual(
        having(world, 'blender').filter((id) => others.includes(id)),
        [],
      )
  }
  const last = world.loop('last')
  last.run()
  await world.clock.pass(2 * hour)
  await last.stop()
  assertAsWanted(t, world, next)
  t.is((await newest(world)).phase.kind, 'done')
  t.is((await told(world)).filter((kind) => kind === 'wave-opened').length, 2)
})

test('of two loops that both hold a newer commit back, neither takes it for one that supersedes itself', async (t) => {
  const { world, alive } = await settled(t, 31)
  const other = world.loop('other', { requestsEveryMs: 5_000 })
  other.run()
  world.commit('c2', newCommit())
  await world.clock.pass(10 * minute)
  world.commit('c3', newCommit({}, 'krita'))
  await world.clock.pass(3 * hour)
  await alive.stop()
  await other.stop()
  t.deepEqual(
    (await world.store.rollouts(10)).map(({ revision, phase }) => `${revision} ${phase.kind}`),
    ['c3 done', 'c2 superseded', 'c1 done'],
  )
  t.deepEqual(having(world, 'krita'), sixPcs)
})
