/**
 * One seed draws everything: the PCs' state, faults, power cuts, logins, commits, kills of loops. Safety is asserted under
 * faults; then the world is healed, and liveness is demanded.
 * A seed that fails is printed; run it alone with SIMULATION_SEED=<seed>. SIMULATION_SEEDS=<number> runs more of them.
 */
import test from 'ava'
import { between } from '../../providers/simulated/random.ts'
import type { Desired } from '../../specs/desired.ts'
import { sixPcs, type Wish, wish } from './lycee.ts'
import { assertAsWanted, assertSafe } from './truth.ts'
import { type Alive, createWorld, type World } from './world.ts'

const archive = {
  geogebra: ['6.0.800-1', '6.0.850-1', '6.0.900-2'],
  blender: ['3.4.1-1', '4.2.0-1'],
  inkscape: ['1.2-1'],
}
const ids = sixPcs.slice(0, 4)

const alone = process.env['SIMULATION_SEED']
const count = Number(process.env['SIMULATION_SEEDS'] ?? 120)
const seeds = alone === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(alone)]

for (const seed of seeds)
  test.serial(
    `under random faults nothing is done twice, and healed it converges (SIMULATION_SEED=${seed})`,
    async (t) => {
      const world = await createWorld(t, {
        seed,
        ids,
        archive,
        installed: { geogebra: '6.0.800-1', minetest: '5.6-1' },
      })
      const desired = await breakThings(world)
      assertSafe(t, world)
      await heal(world)
      t.is(await world.once('healer', { horizonMs: 4 * 3_600_000 }), 'converged')
      assertAsWanted(t, world, desired)
      assertSafe(t, world)
      t.deepEqual(await world.store.openActions(), [])
    },
  )

/** Half an hour or so in which everything goes wrong; gives what is wanted at its end. */
const breakThings = async (world: World): Promise<Desired> => {
  const { random } = world
  const rate = () => (random() < 0.5 ? 0 : random() * 0.4)
  world.faults.current = {
    connect: rate(),
    lose: rate(),
    cut: rate(),
    hang: rate() / 3,
    late: rate(),
    double: rate(),
    slow: rate(),
  }
  let desired = commit(world, 1)
  let loops = [start(world, 0)]
  for (let round = 1; round <= 12; round += 1) {
    await world.clock.pass(Math.round(between(random, 500, 240_000)))
    switch (Math.floor(random() * 7)) {
      case 0:
        desired = commit(world, round + 1)
        break
      case 1:
        for (const loop of loops) loop.kill()
        loops = [start(world, round)]
        break
      case 2:
        loops = [...loops, start(world, round)]
        break
      case 3:
        togglePower(world)
        break
      case 4:
        toggleSession(world)
        break
      case 5:
        toggleScript(world)
        break
      case 6:
        somebodyRemoves(world)
        break
    }
  }
  for (const loop of loops) loop.kill()
  return desired
}

const start = (world: World, number: number): Alive => {
  const alive = world.loop(`loop-${number}`)
  alive.run()
  return alive
}

const commit = (world: World, number: number): Desired => {
  const pick = <Value>(values: readonly Value[]): Value => {
    const value = values[Math.floor(world.random() * values.length)]
    if (value === undefined) throw new Error('nothing to pick from')
    return value
  }
  const of: Wish = {
    packages: {
      geogebra: pick(['6.0.850', '6.0.900', 'present', 'latest']),
      blender: pick(['present', '4.2.0', 'absent']),
      inkscape: pick(['present', 'absent']),
      minetest: 'absent',
    },
    scripts: { proxy: pick(['change:1', 'change:2']), wallpaper: 'check', enrol: 'once' },
  }
  const desired = wish(ids, of)
  world.commit(`c${number}`, desired)
  return desired
}

const anyPc = (world: World) => world.pc(ids[Math.floor(world.random() * ids.length)] ?? '')

const togglePower = (world: World): void => {
  const pc = anyPc(world)
  if (pc.isOn()) pc.powerOff()
  else pc.powerOn()
}

const toggleSession = (world: World): void => {
  const pc = anyPc(world)
  if (pc.isOn()) pc.sessions = pc.sessions.length > 0 ? [] : [{ user: 'eleve', terminal: 'tty7' }]
}

const toggleScript = (world: World): void => {
  const pc = anyPc(world)
  for (const script of ['proxy', 'wallpaper', 'enrol'] as const) {
    const name = script as Parameters<typeof pc.exitCodes.set>[0]
    pc.exitCodes.set(name, pc.exitCodes.get(name) === 1 ? 0 : 1)
  }
}

const somebodyRemoves = (world: World): void => {
  const pc = anyPc(world)
  pc.installed.delete('geogebra')
  pc.effects.clear()
  pc.hostname = 'localhost'
}

/** A person has mended everything, and says so for what has stalled. */
const heal = async (world: World): Promise<void> => {
  world.faults.current = { connect: 0, lose: 0, cut: 0, hang: 0 }
  for (const pc of world.pcs.values()) {
    pc.exitCodes.clear()
    pc.sessions = []
    pc.powerOn()
    await world.store.clearBackoffs(pc.id)
  }
}
