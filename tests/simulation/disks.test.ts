/**
 * Disks under the real loop: written only by an action that the store approved, whatever fails in between, and each reset that
 * somebody asked for once. A seed that fails is printed; run it alone with SIMULATION_SEED=<seed>.
 */
import test, { type ExecutionContext } from 'ava'
import { between } from '../../providers/simulated/random.ts'
import type { DiskRequestId, MachineId } from '../../reconciler/model/ids.ts'
import type { DiskRequest } from '../../reconciler/model/plan.ts'
import type { Desired } from '../../specs/desired.ts'
import { manifest } from '../reconciler/sample-park.ts'
import { archive, imaged, images } from './imaged.ts'
import { sixPcs } from './lycee.ts'
import { assertAsWanted, assertSafe } from './truth.ts'
import { type Alive, createWorld, type World } from './world.ts'

const ids = sixPcs.slice(0, 3)
const one = ids.slice(0, 1)

const disks = (of: readonly string[], version = 'v1'): Desired => imaged(of, version, { proxy: 'change' })

const blank = (world: World): void => {
  for (const pc of world.pcs.values()) {
    pc.disk.content = 'blank'
    pc.powerOff()
  }
}

const ask = async (world: World, id: string, kind: DiskRequest['kind'] = 'reset'): Promise<DiskRequestId> => {
  const at = world.clock.now()
  const request = `${kind}-${id}-${at}` as DiskRequestId
  const machine = id as MachineId
  await world.store.addDiskRequest(
    { id: request, machine, kind, who: 'claire', at },
    { at, kind: 'reset-requested', machine, actor: 'claire', message: { en: 'Asked.', fr: 'Demandé.' } },
  )
  return request
}

/** Whatever happened: nobody wrote a disk without an action that the log has, and no request was carried out twice. */
const assertDisksSafe = async (t: ExecutionContext, world: World): Promise<void> => {
  const events = await world.store.events({ limit: 100_000 })
  const started = new Set(
    events.flatMap(({ kind, data }) =>
      kind === 'action-started' ? [(data as { readonly action: string }).action] : [],
    ),
  )
  for (const [id, { disk }] of world.pcs) {
    for (const write of disk.writes)
      t.true(started.has(write.action), `${id} was written without an action: ${write.action}`)
    const actions = disk.writes.map((write) => write.action)
    t.is(new Set(actions).size, actions.length, `${id}: an action wrote twice`)
    const served = disk.writes.flatMap((write) => (write.finished && write.request ? [write.request] : []))
    t.is(new Set(served).size, served.length, `${id}: a request was carried out twice`)
  }
}

const assertDisks = (t: ExecutionContext, world: World, version: string): void => {
  for (const [id, { disk }] of world.pcs) {
    t.is(disk.content, 'ours', id)
    t.is(disk.state?.manifest, manifest(version), id)
  }
}

test('blank PCs that are off are woken, imaged, and then given all the rest', async (t) => {
  const world = await createWorld(t, { seed: 1, ids, archive, images })
  blank(world)
  const desired = disks(ids)
  world.commit('c1', desired)
  t.is(await world.once('a'), 'converged')
  assertDisks(t, world, 'v1')
  assertAsWanted(t, world, desired)
  for (const pc of world.pcs.values()) {
    t.deepEqual(
      pc.disk.writes.map(({ kind }) => kind),
      ['restore'],
    )
    t.is(pc.installed.get('dash'), '0.5-1', 'what the image holds')
  }
  await assertDisksSafe(t, world)
})

test('a new version is written once, and what was on the PC besides is put back', async (t) => {
  const world = await createWorld(t, { seed: 2, ids, archive, images })
  blank(world)
  world.commit('c1', disks(ids))
  await world.once('a')
  const second = disks(ids, 'v2')
  world.commit('c2', second)
  t.is(await world.once('b'), 'converged')
  assertDisks(t, world, 'v2')
  assertAsWanted(t, world, second)
  for (const pc of world.pcs.values())
    t.deepEqual(
      pc.disk.writes.map(({ kind }) => kind),
      ['restore', 'upgrade'],
    )
})

test('a reset that somebody asks for is carried out within seconds, once', async (t) => {
  const world = await createWorld(t, { seed: 3, ids: one, archive, images })
  const [id = ''] = one
  blank(world)
  const desired = disks(one)
  world.commit('c1', desired)
  await world.once('a')
  const pc = world.pc(id)
  const alive = world.loop('b', {
    requestsEveryMs: 1_000,
    passEveryMs: 600_000,
    observeEveryMs: 900_000,
    freshMs: 2_000_000,
  })
  alive.run()
  await world.clock.pass(5_000)
  pc.installed.set('minetest', '5.6-1')
  const request = await ask(world, id)
  await world.clock.pass(10_000)
  t.is((await world.store.openActions())[0]?.action.changes[0]?.facet, 'reset')
  await world.clock.pass(1_800_000)
  await alive.stop()
  t.deepEqual(
    pc.disk.writes.map((write) => write.request),
    [undefined, request],
  )
  t.false(pc.installed.has('minetest'))
  t.deepEqual(await world.store.diskRequests(), [])
  assertAsWanted(t, world, desired)
  await assertDisksSafe(t, world)
})

test('a verification finds what differs, and it is repaired', async (t) => {
  const world = await createWorld(t, { seed: 4, ids: one, archive, images })
  const [id = ''] = one
  blank(world)
  world.commit('c1', disks(one))
  await world.once('a')
  world.pc(id).disk.damagedChunks = 3
  await ask(world, id, 'verify')
  t.is(await world.once('b'), 'converged')
  t.deepEqual(
    world.pc(id).disk.writes.map(({ kind }) => kind),
    ['restore', 'repair'],
  )
  t.is(world.pc(id).disk.damagedChunks, 0)
  t.deepEqual(await world.store.diskRequests(), [])
})

test('a disk that is too small stalls its PC, closes what was asked, and the others go on', async (t) => {
  const world = await createWorld(t, { seed: 5, ids, archive, images })
  const [unlucky = ''] = ids
  blank(world)
  world.pc(unlucky).disk.refusal = { code: 'disk-too-small', class: 'terminal' }
  world.commit('c1', disks(ids))
  t.is(await world.once('a'), 'blocked')
  const plan = await world.store.latestPlan()
  for (const [id, decision] of plan?.decisions ?? [])
    t.is(decision.kind, id === unlucky ? 'stalled' : 'converged', id)
  t.deepEqual(world.pc(unlucky).disk.writes, [])
})

test('a request that an action cannot ever carry out is closed', async (t) => {
  const world = await createWorld(t, { seed: 6, ids: one, archive, images })
  const [id = ''] = one
  blank(world)
  world.commit('c1', disks(one))
  await world.once('a')
  world.pc(id).disk.refusal = { code: 'disk-unwritable', class: 'terminal' }
  await ask(world, id)
  await world.once('b')
  t.deepEqual(await world.store.diskRequests(), [])
  t.is(world.pc(id).disk.writes.length, 1)
})

test('a request for a machine that has left the park is closed, and the log says so', async (t) => {
  const world = await createWorld(t, { seed: 7, ids: one, archive, images })
  world.commit('c1', disks(one))
  await ask(world, 'victor-hugo/gone')
  await world.once('a')
  t.deepEqual(await world.store.diskRequests(), [])
  t.true((await world.store.events({ limit: 1000 })).some(({ kind }) => kind === 'request-closed'))
})

test('the power going in mid-write leaves a disk that is written again, and never started', async (t) => {
  const world = await createWorld(t, { seed: 8, ids: one, archive, images })
  const [id = ''] = one
  blank(world)
  const desired = disks(one)
  world.commit('c1', desired)
  const alive = world.loop('a')
  alive.run()
  const pc = world.pc(id)
  for (let waited = 0; pc.disk.content !== 'torn' && waited < 600; waited += 1) await world.clock.pass(1_000)
  t.is(pc.disk.content, 'torn')
  pc.powerOff()
  pc.powerOn()
  t.true(pc.inImager())
  await world.clock.pass(3_600_000)
  await alive.stop()
  assertDisks(t, world, 'v1')
  assertAsWanted(t, world, desired)
  await assertDisksSafe(t, world)
})

const alone = process.env['SIMULATION_SEED']
const seeds =
  alone === undefined
    ? Array.from({ length: Number(process.env['SIMULATION_SEEDS'] ?? 40) }, (_, index) => index + 1)
    : [Number(alone)]

for (const seed of seeds)
  test.serial(
    `disks under random faults are safe, and healed they converge (SIMULATION_SEED=${seed})`,
    async (t) => {
      const world = await createWorld(t, { seed, ids, archive, images })
      const version = await breakThings(world)
      await assertDisksSafe(t, world)
      assertSafe(t, world)
      await heal(world)
      t.is(await world.once('healer', { horizonMs: 4 * 3_600_000 }), 'converged')
      assertDisks(t, world, version)
      await assertDisksSafe(t, world)
      t.deepEqual(await world.store.openActions(), [])
      t.deepEqual(await world.store.diskRequests(), [])
    },
  )

/** Two hours or so in which everything goes wrong; gives the version that is wanted at its end. */
const breakThings = async (world: World): Promise<string> => {
  const { random } = world
  const rate = () => (random() < 0.5 ? 0 : random() * 0.3)
  world.faults.current = { connect: rate(), lose: rate(), cut: rate(), hang: rate() / 4 }
  for (const pc of world.pcs.values()) {
    pc.disk.content = random() < 0.5 ? 'blank' : 'foreign'
    if (random() < 0.5) pc.powerOff()
  }
  let version = 'v1'
  world.commit('c0', disks(ids, version))
  let loops: readonly Alive[] = [start(world, 0)]
  for (let round = 1; round <= 14; round += 1) {
    await world.clock.pass(Math.round(between(random, 500, 600_000)))
    const pc = world.pc(ids[Math.floor(random() * ids.length)] ?? '')
    switch (Math.floor(random() * 7)) {
      case 0:
        version = version === 'v1' ? 'v2' : 'v1'
        world.commit(`c${round}`, disks(ids, version))
        break
      case 1:
        for (const loop of loops) loop.kill()
        loops = [start(world, round)]
        break
      case 2:
        loops = [...loops, start(world, round)]
        break
      case 3:
      case 4:
        if (pc.isOn()) pc.powerOff()
        else pc.powerOn()
        break
      case 5:
        await ask(world, pc.id)
        break
      case 6:
        pc.disk.refusal = pc.disk.refusal ? undefined : { code: 'chunk-missing', class: 'retry' }
        break
    }
  }
  for (const loop of loops) loop.kill()
  return version
}

const start = (world: World, number: number): Alive => {
  const alive = world.loop(`loop-${number}`)
  alive.run()
  return alive
}

const heal = async (world: World): Promise<void> => {
  world.faults.current = { connect: 0, lose: 0, cut: 0, hang: 0 }
  for (const pc of world.pcs.values()) {
    pc.disk.refusal = undefined
    pc.powerOn()
    await world.store.clearBackoffs(pc.id)
  }
}
