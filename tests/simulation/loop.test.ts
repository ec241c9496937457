import test from 'ava'
import type { MachineId } from '../../reconciler/model/ids.ts'
import { sixPcs, wish } from './lycee.ts'
import { assertAsWanted, assertSafe } from './truth.ts'
import { createWorld } from './world.ts'

const archive = {
  geogebra: ['6.0.800-1', '6.0.850-1', '6.0.900-2'],
  blender: ['3.4.1-1', '4.2.0-1'],
  inkscape: ['1.2-1'],
}
const first = {
  packages: { geogebra: '6.0.850', blender: 'present', minetest: 'absent' },
  scripts: { proxy: 'change', wallpaper: 'check', enrol: 'once' },
}
const wrong = { geogebra: '6.0.800-1', minetest: '5.6-1' }
const one = sixPcs.slice(0, 1)

test('PCs that are wrong in different ways are all put right', async (t) => {
  const world = await createWorld(t, { seed: 1, ids: sixPcs, archive, installed: wrong })
  world.pc('victor-hugo/b204-02').hostname = 'localhost'
  const desired = wish(sixPcs, first)
  world.commit('c1', desired)
  t.is(await world.once('a'), 'converged')
  assertAsWanted(t, world, desired)
  assertSafe(t, world)
})

test('a converged park is left alone', async (t) => {
  const world = await createWorld(t, { seed: 2, ids: sixPcs, archive, installed: wrong })
  world.commit('c1', wish(sixPcs, first))
  await world.once('a')
  const started = [...world.pcs.values()].map((pc) => pc.record.started.length)
  const events = (await world.store.events({ limit: 10_000 })).length
  const alive = world.loop('b')
  alive.run()
  await world.clock.pass(3 * 3_600_000)
  await alive.stop()
  t.deepEqual(
    [...world.pcs.values()].map((pc) => pc.record.started.length),
    started,
  )
  t.is((await world.store.events({ limit: 10_000 })).length, events)
})

test('what was found to be in place is remembered as applied', async (t) => {
  const world = await createWorld(t, { seed: 3, ids: one, archive, installed: wrong })
  const desired = wish(one, first)
  world.commit('c1', desired)
  await world.once('a')
  const [wanted] = desired.machines.values()
  const history = await world.store.history()
  t.deepEqual(history.get(wanted?.id as MachineId)?.applied, wanted?.profile.facetDigests)
})

test('a new commit in mid-flight wins in the end, and old scripts are not run for it', async (t) => {
  const world = await createWorld(t, { seed: 4, ids: sixPcs, archive, installed: wrong })
  world.commit('c1', wish(sixPcs, first))
  const alive = world.loop('a')
  alive.run()
  await world.clock.pass(12_000)
  const second = wish(sixPcs, {
    packages: { geogebra: '6.0.900', inkscape: 'present', blender: 'absent', minetest: 'absent' },
    scripts: { proxy: 'change:2', wallpaper: 'check', enrol: 'once' },
  })
  world.commit('c2', second)
  await world.clock.pass(3_600_000)
  await alive.stop()
  assertAsWanted(t, world, second)
  assertSafe(t, world)
  t.is((await world.store.target())?.revision as string, 'c2')
})

test('a package removed by hand comes back by itself', async (t) => {
  const world = await createWorld(t, { seed: 5, ids: sixPcs, archive, installed: wrong })
  const desired = wish(sixPcs, first)
  world.commit('c1', desired)
  const alive = world.loop('a')
  alive.run()
  await world.clock.pass(600_000)
  const pc = world.pc('victor-hugo/b205-02')
  pc.installed.delete('blender')
  pc.effects.clear()
  await world.clock.pass(600_000)
  await alive.stop()
  assertAsWanted(t, world, desired)
  t.is(pc.record.started.length, 2)
  t.is(pc.runs.filter((run) => run.script === 'wallpaper').length, 2)
  t.is(pc.runs.filter((run) => run.script === 'enrol').length, 1)
})

test('a package that fails stalls its PC with what the PC said, and the others go on', async (t) => {
  const world = await createWorld(t, { seed: 6, ids: sixPcs, archive, installed: wrong })
  const unlucky = 'victor-hugo/b204-01'
  for (const id of sixPcs) if (id !== unlucky) world.pc(id).installed.set('blender', '4.2.0-1')
  world.archive.failing.add('blender')
  world.commit('c1', wish(sixPcs, first))
  const alive = world.loop('a')
  alive.run()
  await world.clock.pass(4 * 3_600_000)
  await alive.stop()
  const plan = await world.store.latestPlan()
  const decision = plan?.decisions.get(unlucky as MachineId)
  t.is(decision?.kind, 'stalled')
  t.regex((decision?.kind === 'stalled' && decision.reason.detail) || '', /blender: post-installation script/)
  for (const [id, other] of plan?.decisions ?? []) if (id !== unlucky) t.is(other.kind, 'converged', id)
  t.is(world.pc(unlucky).record.started.length, 4)
  t.is(world.pc(unlucky).installed.get('geogebra'), '6.0.850-1')
})

test('a stalled PC is tried again when somebody asks for it', async (t) => {
  const world = await createWorld(t, { seed: 7, ids: one, archive, installed: wrong })
  const desired = wish(one, first)
  world.archive.failing.add('blender')
  world.commit('c1', desired)
  t.is(await world.once('a', { horizonMs: 3_600_000 }), 'blocked')
  world.archive.failing.clear()
  t.is(await world.once('b'), 'blocked')
  await world.store.clearBackoffs(one[0] as MachineId)
  t.is(await world.once('c'), 'converged')
  assertAsWanted(t, world, desired)
})

test('a PC unplugged in mid-install and plugged in later is finished', async (t) => {
  const world = await createWorld(t, { seed: 8, ids: sixPcs, archive, installed: wrong })
  const desired = wish(sixPcs, { ...first, more: { power: { wake: false, reboot: 'never' } } })
  world.commit('c1', desired)
  const pc = world.pc('victor-hugo/b204-03')
  const alive = world.loop('a')
  alive.run()
  while (pc.record.running() === undefined) await world.clock.pass(100)
  await world.clock.pass(3_000)
  pc.powerOff()
  await world.clock.pass(3_600_000)
  const off = (await world.store.latestPlan())?.decisions.get(pc.id)
  t.is(off?.kind === 'held' && off.by, 'power')
  pc.powerOn()
  await world.clock.pass(3_600_000)
  await alive.stop()
  assertAsWanted(t, world, desired)
  assertSafe(t, world)
})

test('a PC that is off is woken for what it must be given', async (t) => {
  const world = await createWorld(t, { seed: 9, ids: one, archive, installed: wrong })
  const desired = wish(one, first)
  world.commit('c1', desired)
  world.pc(one[0] ?? '').powerOff()
  t.is(await world.once('a'), 'converged')
  assertAsWanted(t, world, desired)
})

test('nobody who works at a PC is disturbed, and it is done after the logout', async (t) => {
  const world = await createWorld(t, { seed: 10, ids: sixPcs, archive, installed: wrong })
  const desired = wish(sixPcs, first)
  const pc = world.pc('victor-hugo/b205-01')
  pc.sessions = [{ user: 'eleve', terminal: 'tty7' }]
  world.commit('c1', desired)
  t.is(await world.once('a'), 'blocked')
  t.is(pc.record.started.length, 0)
  const held = (await world.store.latestPlan())?.decisions.get(pc.id)
  t.is(held?.kind === 'held' && held.by, 'occupied')
  pc.sessions = []
  t.is(await world.once('b'), 'converged')
  assertAsWanted(t, world, desired)
})

test('nobody who logged in after the last look is disturbed either', async (t) => {
  const world = await createWorld(t, { seed: 12, ids: one, archive, installed: wrong })
  const pc = world.pc(one[0] ?? '')
  world.commit('c1', wish(one, {}))
  const alive = world.loop('a', { observeEveryMs: 3_600_000, freshMs: 2 * 3_600_000 })
  alive.run()
  await world.clock.pass(600_000)
  pc.sessions = [{ user: 'eleve', terminal: 'tty7' }]
  world.commit('c2', wish(one, { packages: first.packages }))
  await world.clock.pass(600_000)
  t.is(pc.installed.get('geogebra'), wrong['geogebra'])
  const held = (await world.store.latestPlan())?.decisions.get(pc.id)
  t.is(held?.kind === 'held' && held.by, 'occupied')
  pc.sessions = []
  await world.clock.pass(3_600_000)
  await alive.stop()
  assertAsWanted(t, world, wish(one, { packages: first.packages }))
})

test('a PC whose host key changed is not touched, and said', async (t) => {
  const world = await createWorld(t, { seed: 11, ids: sixPcs, archive, installed: wrong })
  const pc = world.pc('victor-hugo/b204-01')
  pc.hostKeyChanged = true
  world.commit('c1', wish(sixPcs, first))
  t.is(await world.once('a'), 'blocked')
  t.is(pc.record.started.length, 0)
  const decision = (await world.store.latestPlan())?.decisions.get(pc.id)
  t.is(decision?.kind === 'stalled' && decision.reason.code, 'host-key-changed')
  t.is((await world.store.latestPlan())?.decisions.get('victor-hugo/b204-02' as MachineId)?.kind, 'converged')
})

test('PCs that never answer do not keep the others waiting', async (t) => {
  const world = await createWorld(t, { seed: 12, ids: sixPcs, archive, installed: wrong })
  const desired = wish(sixPcs, first)
  world.commit('c1', desired)
  world.faults.current = { connect: 0, lose: 0, cut: 0, hang: 0.4 }
  const alive = world.loop('a', { observeConcurrency: 2 })
  alive.run()
  await world.clock.pass(6 * 3_600_000)
  world.faults.current = { connect: 0, lose: 0, cut: 0, hang: 0 }
  await world.clock.pass(3_600_000)
  await alive.stop()
  assertAsWanted(t, world, desired)
  assertSafe(t, world)
})

test('a pause holds, and lifting it lets go on', async (t) => {
  const world = await createWorld(t, { seed: 13, ids: sixPcs, archive, installed: wrong })
  const desired = wish(sixPcs, first)
  world.commit('c1', desired)
  const scope = { kind: 'room', id: 'victor-hugo/b204' } as const
  await world.store.setPause({ scope, who: 'claire', why: 'examens', at: world.clock.now() })
  t.is(await world.once('a'), 'blocked')
  for (const id of sixPcs) t.is(world.pc(id).record.started.length, id.includes('b204') ? 0 : 1, id)
  await world.store.clearPause(scope)
  t.is(await world.once('b'), 'converged')
  assertAsWanted(t, world, desired)
})

test('a pause that ends by itself ends at its time', async (t) => {
  const world = await createWorld(t, { seed: 14, ids: one, archive, installed: wrong })
  world.commit('c1', wish(one, first))
  const until = world.clock.now() + 1_800_000
  await world.store.setPause({
    scope: { kind: 'park' },
    who: 'claire',
    why: 'examens',
    at: world.clock.now(),
    until,
  })
  const alive = world.loop('a', { passEveryMs: 24 * 3_600_000 })
  alive.run()
  await world.clock.pass(1_790_000)
  t.is(world.pc(one[0] ?? '').record.started.length, 0)
  await world.clock.pass(30_000)
  t.is(world.pc(one[0] ?? '').record.started.length, 1)
  await alive.stop()
})

test('PCs that are off may be looked at less often; the start of one that is told of is seen at once', async (t) => {
  const ids = sixPcs.slice(0, 2)
  const world = await createWorld(t, { seed: 15, ids, archive, installed: {} })
  const [off, on] = [world.pc(ids[0] ?? ''), world.pc(ids[1] ?? '')]
  world.commit('c1', wish(ids, {}))
  const looksAt = (id: string): number =>
    world.progress.filter((told) => told.kind === 'observed' && told.observed.machine === id).length
  const day = 24 * 3_600_000
  const alive = world.loop('a', { observeOffEveryMs: day, passEveryMs: day, freshMs: 2 * day })
  alive.run()
  await world.clock.pass(600_000)
  off.powerOff()
  await world.clock.pass(600_000)
  const [before, beforeOn] = [looksAt(off.id), looksAt(on.id)]
  await world.clock.pass(2 * 3_600_000)
  t.is(looksAt(off.id), before)
  t.true(looksAt(on.id) > beforeOn + 10)
  off.powerOn()
  alive.loop.look(off.id)
  await world.clock.pass(60_000)
  t.is(looksAt(off.id), before + 1)
  await alive.stop()
})

test('a stopped loop lets go, and the next one joins what runs on the PC at once', async (t) => {
  const world = await createWorld(t, { seed: 15, ids: one, archive, installed: wrong })
  const desired = wish(one, first)
  world.commit('c1', desired)
  const pc = world.pc(one[0] ?? '')
  const alive = world.loop('a')
  alive.run()
  while (pc.record.running() === undefined) await world.clock.pass(100)
  await alive.stop()
  t.truthy(pc.record.running())
  t.is((await world.store.openActions()).length, 1)
  t.is(await world.once('b'), 'converged')
  t.is(pc.record.started.length, 1)
  t.deepEqual(await world.store.openActions(), [])
  assertAsWanted(t, world, desired)
})

test('after its action a PC is looked at at once, and decided on again only with what that shows', async (t) => {
  const world = await createWorld(t, { seed: 18, ids: one, archive, installed: wrong })
  world.commit('c1', wish(one, first))
  // News is gathered for longer than a look takes.
  t.is(await world.once('a', { gatherMs: 60_000 }), 'converged')
  const kinds = world.progress.map((event) => event.kind)
  const ended = kinds.indexOf('ended')
  t.true(ended > 0 && kinds.lastIndexOf('observed', ended) > kinds.indexOf('started'))
  const decided = world.progress
    .slice(ended)
    .flatMap((event) => (event.kind === 'planned' ? [...event.plan.decisions.values()] : []))
  t.true(decided.length > 0)
  t.deepEqual(
    decided.filter((decision) => decision.kind === 'held' && decision.by === 'fresh'),
    [],
  )
})

test('looks that find nothing new decide nothing', async (t) => {
  const world = await createWorld(t, { seed: 19, ids: sixPcs, archive, installed: wrong })
  world.commit('c1', wish(sixPcs, first))
  const alive = world.loop('a', { passEveryMs: 24 * 3_600_000 })
  alive.run()
  await world.clock.pass(3_600_000)
  world.progress.length = 0
  await world.clock.pass(3 * 3_600_000)
  const looks = world.progress.filter(({ kind }) => kind === 'observed').length
  const plans = world.progress.filter(({ kind }) => kind === 'planned').length
  t.true(looks > 6 * 80, `${looks} looks`)
  t.is(plans, 0)
  // What is news is decided on, whatever the pass's interval is.
  world.pc('victor-hugo/b204-02').installed.delete('geogebra')
  await world.clock.pass(600_000)
  await alive.stop()
  t.true(world.pc('victor-hugo/b204-02').installed.has('geogebra'))
})

test('a look counts from its beginning, whatever it says of itself', async (t) => {
  const world = await createWorld(t, { seed: 16, ids: one, archive })
  world.commit('c1', wish(one, first))
  const begun = world.clock.now()
  const alive = world.loop('a')
  alive.run()
  await world.clock.pass(5_000)
  await alive.stop()
  const [look] = world.progress.filter((told) => told.kind === 'observed')
  t.is(look?.observed.observedAt, begun)
  t.is(look?.observed.facts?.at, begun)
})
