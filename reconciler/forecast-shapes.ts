/** From work to what is scheduled: how long it takes, which windows it needs, which part of the lycée's capacity. */
import type { DesiredMachine, DesiredSite, Effect } from '../specs/desired.ts'
import { limitOf, usesOf } from './capacity-use.ts'
import { createEstimates, type Estimate } from './duration.ts'
import type { Chain, Lane, Lanes, Shape } from './forecast-lycee.ts'
import type { OpeningSearch } from './forecast-openings.ts'
import type { MachineWork } from './forecast-work.ts'
import type { Change } from './model/change.ts'
import type { Instant, RoomId } from './model/ids.ts'
import type { PlanInput } from './model/plan.ts'
import { placesIn } from './room-use.ts'
import { isWithin } from './timetable.ts'

/** Work that no window of its machine is long enough for. */
export type Unfit = { readonly effect: Effect; readonly neededMs: number }

export type Shaped =
  | { readonly kind: 'chain'; readonly chain: Chain }
  | { readonly kind: 'unfit'; readonly unfit: Unfit }
  /** Off, or off by the time that a window opens, and nobody may wake it. */
  | { readonly kind: 'asleep' }

/** Of one instant. Jobs of one lycée that are alike get the same `Shape` object, by which they are queued. */
export function createShapes(
  now: Instant,
  openingsOf: (machine: DesiredMachine, site: DesiredSite) => OpeningSearch,
  durations: PlanInput['durations'] | undefined,
): (work: MachineWork, site: DesiredSite) => Shaped {
  const shared = sharedShapes()
  const estimates = createEstimates(durations)
  return ({ machine, observed, actions, notBefore }, site) => {
    const openings = openingsOf(machine, site)
    const estimate = estimates(site, observed?.facts?.hardware)
    const { neededMs, wakeMs } = estimate
    const first = actions[0] ?? []
    const isOn = observed?.reach === 'up' || observed?.reach === 'imager'
    const startsNow = notBefore <= now && openings.first(effectOf(first), now, neededMs(first))?.from === now
    const isWoken = !(isOn && startsNow)
    if (isWoken && !machine.profile.power.wake) return { kind: 'asleep' }
    const jobs: Shape[] = []
    for (const action of actions) {
      for (const part of partsThatFit(action, openings, now, estimate)) {
        const needed = neededMs(part) + (isWoken && jobs.length === 0 ? wakeMs : 0)
        const effect = effectOf(part)
        if (openings.first(effect, now, needed) === undefined)
          return { kind: 'unfit', unfit: { effect, neededMs: needed } }
        const lanes = lanesOf(part, effect, machine.room)
        jobs.push(shared(site, { effect, neededMs: needed, lanes, openings }))
      }
    }
    return { kind: 'chain', chain: { machine: machine.id, notBefore, jobs } }
  }
}

/** What is too long for any window in one go is done in several, as the planner does: each change may be the last of its action. */
function partsThatFit(
  action: readonly Change[],
  openings: OpeningSearch,
  now: Instant,
  { wakeMs, neededMs }: Estimate,
): readonly (readonly Change[])[] {
  const fits = openings.first(effectOf(action), now, wakeMs + neededMs(action)) !== undefined
  return fits ? [action] : action.map((change) => [change])
}

function sharedShapes(): (site: DesiredSite, shape: Shape) => Shape {
  const numbers = new Map<OpeningSearch, number>()
  const shapes = new Map<string, Shape>()
  return (site, shape) => {
    const windows = numbers.get(shape.openings) ?? numbers.size
    numbers.set(shape.openings, windows)
    const key = [site.id, windows, shape.effect, shape.neededMs, ...shape.lanes].join(' ')
    const known = shapes.get(key) ?? shape
    shapes.set(key, known)
    return known
  }
}

/** What the one who minds most would notice. */
const effectOf = (changes: readonly Change[]): Effect =>
  changes.reduce<Effect>((most, { effect }) => (isWithin(effect, most) ? most : effect), 'quiet')

const lanesOf = (changes: readonly Change[], effect: Effect, room: RoomId): readonly Lane[] => [
  ...usesOf({ changes, wake: false }),
  ...(effect === 'quiet' ? [] : [room]),
]

/** @param rooms how many PCs stand in each. */
export function lanesAt(site: DesiredSite, rooms: ReadonlyMap<RoomId, number>): Lanes {
  const uses = ['actions', 'images', 'packages'] as const
  return new Map<Lane, number>([
    ...uses.map((use) => [use, limitOf(use, site)] as const),
    ...[...rooms].map(([room, size]) => [room, placesIn(size, site)] as const),
  ])
}
