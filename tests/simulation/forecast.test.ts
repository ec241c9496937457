/** What the forecast says beforehand, against what the real loop then does on virtual time. */
import test, { type ExecutionContext } from 'ava'
import { remember, standing, targetOf } from '../../cli/standing.ts'
import { forecast } from '../../reconciler/forecast.ts'
import { isChangedFrom } from '../../reconciler/loop/steering.ts'
import type { Forecast } from '../../reconciler/model/forecast.ts'
import type { Revision } from '../../reconciler/model/ids.ts'
import type { Rollout } from '../../reconciler/model/rollout.ts'
import type { Desired, DesiredRollout } from '../../specs/desired.ts'
import { deserialize } from '../../specs/serialize.ts'
import { everyDay, weekly } from '../reconciler/sample-park.ts'
import { sixPcs, type Wish, wish } from './lycee.ts'
import { createWorld, type World } from './world.ts'

const minute = 60_000
const hour = 60 * minute

const archive = { geogebra: ['6.0.850-1'], blender: ['4.2.0-1'] }
const night = weekly(everyDay, '19:00', '06:00')
const rollout: DesiredRollout = { waves: [{ rooms: ['b204'] }, { percent: 100 }], soakMs: 2 * hour }

const first = wish(sixPcs, { packages: { geogebra: 'present' } })
const second = (more: NonNullable<Wish['more']> = {}): Desired =>
  wish(sixPcs, { packages: { geogebra: 'present', blender: 'present' }, more, rollout })

const newest = async (world: World): Promise<Rollout> => {
  const [found] = await world.store.rollouts(1)
  if (found === undefined) throw new Error('there is no rollout')
  return found
}

async function ahead(world: World, next: Desired, underWay?: Rollout): Promise<Forecast | undefined> {
  const now = world.clock.now()
  const memory = await remember(world.store, now)
  const of = { revision: 'c2' as Revision, desired: next }
  const plan = standing(next, targetOf(of, memory.target, now), memory, now)
  const digest = underWay?.base?.desired ?? memory.target?.desired
  const kept = digest && (await world.store.getRevision(digest))
  const base = kept ? deserialize(kept.bytes) : undefined
  const { inventory, history, durations } = memory
  return forecast({
    desired: next,
    plan,
    inventory,
    history,
    durations,
    images: undefined,
    base,
    isChanged: isChangedFrom([base], next),
    ...(underWay === undefined ? {} : { underWay }),
  })
}

async function settled(t: ExecutionContext, seed: number): Promise<World> {
  const world = await createWorld(t, { seed, ids: sixPcs, archive })
  world.commit('c1', first)
  t.is(await world.once('first'), 'converged')
  return world
}

/** Passes, looks and what the PCs need less than expected make the difference. */
const near = (
  t: ExecutionContext,
  real: number | undefined,
  told: number | undefined,
  what: string,
): void => {
  const offMinutes = ((real ?? Number.NaN) - (told ?? Number.NaN)) / minute
  t.true(Math.abs(offMinutes) <= 10, `${what}: ${offMinutes} minutes off`)
}

for (const [name, windows, hours] of [
  ['at any time', {}, 6],
  ['in its night', { windows: [night] }, 15],
] as const) {
  test(`a rollout goes ${name} as was forecast before its commit`, async (t) => {
    const world = await settled(t, 11)
    const next = second(windows)
    const told = await ahead(world, next)
    t.deepEqual(
      told?.waves.map(({ wave, machines }) => [wave, machines]),
      [
        [1, 3],
        [2, 3],
      ],
    )
    const loop = world.loop('loop', { requestsEveryMs: 5_000 })
    loop.run()
    world.commit('c2', next)
    await world.clock.pass(hours * hour)
    const { waves, phase } = await newest(world)
    t.is(phase.kind, 'done')
    near(t, waves[0]?.metSince, told?.waves[0]?.metAt, 'the first wave is met')
    near(t, waves[1]?.openedAt, told?.waves[1]?.opensAt, 'the second wave opens')
    near(t, waves[1]?.metSince, told?.end, 'all is done')
    await loop.stop()
  })
}

test('while a wave soaks, the forecast knows when the next opens', async (t) => {
  const world = await settled(t, 12)
  const next = second()
  const loop = world.loop('loop', { requestsEveryMs: 5_000 })
  loop.run()
  world.commit('c2', next)
  await world.clock.pass(hour)
  const told = await ahead(world, next, await newest(world))
  t.deepEqual(
    told?.waves.map(({ wave }) => wave),
    [2],
  )
  await world.clock.pass(2 * hour)
  const [, last] = (await newest(world)).waves
  near(t, last?.openedAt, told?.waves[0]?.opensAt, 'the second wave opens')
  await loop.stop()
})
