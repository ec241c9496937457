/**
 * When a revision would be on the PCs: by wave and lycée, when it could begin and end, what goes over which network, and what fits
 * into no window. Pure, and the same for the same inputs.
 *
 * It supposes that PCs can be woken, that nobody is logged in and that nothing fails. So it is the earliest that capacity, bandwidth,
 * windows and waves leave possible, with durations that are nearly the slowest, and no promise.
 */
import type { DesiredSite } from '../specs/desired.ts'
import { isImageChange, type Supply, supplyOf } from './forecast-images.ts'
import type { Lanes } from './forecast-lycee.ts'
import { createOpeningSearches } from './forecast-openings.ts'
import { createShapes, lanesAt, type Unfit } from './forecast-shapes.ts'
import { createSums, type Sums } from './forecast-sums.ts'
import { type Courses, type Member, runWaves, type WaveInput } from './forecast-waves.ts'
import { type MachineWork, type Work, type WorkInput, workOf } from './forecast-work.ts'
import type { Forecast, LeftKind, LeftOver, Misfit, WaveForecast } from './model/forecast.ts'
import type { Instant, MachineId, RoomId, SiteId } from './model/ids.ts'
import type { Rollout, RolloutPolicy } from './model/rollout.ts'
import { wavesOfChanged } from './rollout-start.ts'
import { policyOf } from './rollout-waves.ts'

export type ForecastInput = WorkInput & {
  /** Whether the revision asks something new of a machine. What only drifted is in no wave. Left out: all that differs is new. */
  readonly isChanged?: (machine: MachineId) => boolean
  /** If this revision is on its way already. */
  readonly underWay?: Rollout
}

/** Undefined: nothing is to be done, or nobody knows what. */
export function forecast(input: ForecastInput): Forecast | undefined {
  const { desired, plan, underWay } = input
  const work = workOf(input)
  if (work.works.length === 0) return undefined
  const supplies = suppliesOf(input, work)
  const { members, left, unfit } = sortOut(input, work, supplies)
  const policy = underWay?.policy ?? policyOf(desired.park)
  const inWave = membership(input, policy)
  const parted = {
    members,
    outOfReach: [...unreachable(left), ...unfit.keys()],
    asleep: left.get('asleep') ?? [],
    failed: left.get('blocked') ?? [],
  }
  const waves = wavesOf(parted, inWave, underWay)
  const healing = members.filter(({ chain }) => inWave(chain.machine) === undefined)
  const courses = runWaves(healing, waves, policy, lanesBySite(input), plan.at)
  const ends = [...courses.spans.values()].map(({ to }) => to)
  return {
    ...(underWay?.phase.kind === 'paused' ? { paused: true } : {}),
    waves: shown(createSums(work.works, supplies, courses.spans), healing, waves, courses, plan.at),
    of: policy.waves.length,
    ...(ends.length === 0 ? {} : { end: ends.reduce((a, b) => Math.max(a, b)) }),
    misfits: misfitsOf(unfit),
    left: leftOver(left),
    assumed: work.assumed,
    unsized: unsizedIn(work),
  }
}

function shown(
  sums: Sums,
  healing: readonly Member[],
  waves: readonly WaveInput[],
  { courses }: Courses,
  now: Instant,
): readonly WaveForecast[] {
  const healed =
    healing.length === 0 ? [] : [{ ...sums.of(healing), outOfReach: 0, opensAt: now, approval: false }]
  const inWaves = courses.map(({ index, deadline, metAt, opensAt, approval }, place) => ({
    wave: index + 1,
    ...sums.of(waves[place]?.members ?? [], deadline),
    outOfReach: holdingUp(waves[place]),
    opensAt,
    approval,
    ...(metAt === undefined ? {} : { metAt }),
  }))
  return [...healed, ...inWaves.filter(({ machines, outOfReach }) => machines + outOfReach > 0)]
}

/** Those that a wave waits for until its deadline: of the sleeping ones only where there is nobody else in it. */
const holdingUp = (wave: WaveInput | undefined): number =>
  wave === undefined ? 0 : wave.unreachable + (wave.members.length === 0 ? wave.asleep : 0)

/** The wave of each machine; undefined: in none, since nothing new is asked of it. */
function membership(
  { desired, isChanged = () => true }: ForecastInput,
  policy: RolloutPolicy,
): (id: MachineId) => number | undefined {
  const waveOf = wavesOfChanged(policy, desired, isChanged)
  return (id) => waveOf.get(id)
}

type Supplies = ReadonlyMap<SiteId, Supply>

function suppliesOf({ desired, images, plan }: ForecastInput, { works }: Work): Supplies {
  const bySite = Map.groupBy(works, ({ machine }) => machine.site)
  return new Map(
    [...bySite].flatMap(([id, ofSite]) => {
      const site = desired.sites.get(id)
      return site === undefined ? [] : [[id, supplyOf(site, ofSite, images, plan.at)] as const]
    }),
  )
}

type Sorted = {
  readonly members: readonly Member[]
  readonly left: ReadonlyMap<LeftKind, readonly MachineId[]>
  readonly unfit: ReadonlyMap<MachineId, Unfit>
}

function sortOut(
  { desired, plan, durations, underWay }: ForecastInput,
  { works, left }: Work,
  supplies: Supplies,
): Sorted {
  const searches = createOpeningSearches(plan.at)
  const shape = createShapes(
    plan.at,
    ({ profile }, { timezone }) => searches(profile.windows, timezone),
    durations,
  )
  const members: Member[] = []
  const more: Record<'asleep' | 'held', MachineId[]> = { asleep: [], held: [] }
  const unfit = new Map<MachineId, Unfit>()
  for (const work of works) {
    const { machine } = work
    const site = desired.sites.get(machine.site)
    if (site === undefined) continue
    if (underWay?.heldSites[machine.site] !== undefined) {
      more.held.push(machine.id)
      continue
    }
    const notBefore = Math.max(work.notBefore, imageReadyAt(work, supplies.get(machine.site)))
    const shaped = shape({ ...work, notBefore }, site)
    if (shaped.kind === 'chain') members.push({ site: machine.site, chain: shaped.chain })
    else if (shaped.kind === 'asleep') more.asleep.push(machine.id)
    else unfit.set(machine.id, shaped.unfit)
  }
  return { members, unfit, left: new Map([...left, ['asleep', more.asleep], ['held', more.held]]) }
}

/** When all image versions are there that a machine's disk gets. */
const imageReadyAt = ({ actions }: MachineWork, supply: Supply | undefined): number =>
  Math.max(
    0,
    ...actions
      .flat()
      .filter(isImageChange)
      .map(({ to }) => supply?.readyAt(to) ?? 0),
  )

type Parted = {
  readonly members: readonly Member[]
  readonly outOfReach: readonly MachineId[]
  readonly asleep: readonly MachineId[]
  readonly failed: readonly MachineId[]
}

/** Waves in which nothing is to be done are passed at once, so they are none here. */
function wavesOf(
  parted: Parted,
  inWave: (id: MachineId) => number | undefined,
  underWay: Rollout | undefined,
): readonly WaveInput[] {
  const byWave = Map.groupBy(parted.members, ({ chain }) => inWave(chain.machine))
  const unreachable = Map.groupBy(parted.outOfReach, inWave)
  const asleep = Map.groupBy(parted.asleep, inWave)
  const blocked = Map.groupBy(parted.failed, inWave)
  // One of which all machines are through may still be soaking.
  const current = (underWay?.waves ?? []).flatMap(({ machines, passedAt }, index) =>
    machines > 0 && passedAt === undefined ? [index] : [],
  )
  const groups = [byWave, unreachable, asleep, blocked]
  const indices = new Set([...current, ...groups.flatMap((group) => [...group.keys()])])
  return [...indices]
    .filter((index) => index !== undefined)
    .sort((a, b) => a - b)
    .map((index) => ({
      index,
      members: byWave.get(index) ?? [],
      unreachable: unreachable.get(index)?.length ?? 0,
      asleep: asleep.get(index)?.length ?? 0,
      blocked: blocked.get(index)?.length ?? 0,
      state: underWay?.waves[index],
    }))
}

const unreachable = (left: Sorted['left']): readonly MachineId[] =>
  (['paused', 'held', 'unseen'] as const).flatMap((kind) => left.get(kind) ?? [])

function lanesBySite({ desired }: ForecastInput): (site: SiteId) => Lanes {
  const sizes = new Map<SiteId, Map<RoomId, number>>()
  for (const { site, room } of desired.machines.values()) {
    const rooms = sizes.get(site) ?? new Map<RoomId, number>()
    sizes.set(site, rooms)
    rooms.set(room, (rooms.get(room) ?? 0) + 1)
  }
  return (id) => {
    const site: DesiredSite | undefined = desired.sites.get(id)
    return site === undefined ? new Map() : lanesAt(site, sizes.get(id) ?? new Map())
  }
}

function unsizedIn({ works }: Work): readonly string[] {
  const writes = works.flatMap(({ actions }) => actions.flat().filter(isImageChange))
  return [...new Set(writes.filter(({ bytes }) => bytes === undefined).map(({ image }) => image))].sort()
}

/** The same work that is too long for the same windows is told once. */
function misfitsOf(unfit: Sorted['unfit']): readonly Misfit[] {
  const groups = Map.groupBy(unfit, ([, { effect, neededMs }]) => `${effect} ${neededMs}`)
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    return first === undefined ? [] : [{ machines: group.map(([id]) => id), ...first[1] }]
  })
}

const leftOver = (left: Sorted['left']): readonly LeftOver[] =>
  [...left].flatMap(([kind, machines]) =>
    machines.length === 0 ? [] : [{ kind, machines: machines.toSorted() }],
  )
