/**
 * List scheduling for one lycée: whoever may start and finds a place in every lane that it needs starts at once, the most urgent
 * first. It is what the reconciler does pass by pass (`plan.ts`), without the passes.
 *
 * Jobs that are alike (same length, windows, lanes) share one `Shape` object and wait in one queue, so that what is asked at each
 * instant is asked per queue and not per PC.
 */
import type { Effect } from '../specs/desired.ts'
import { createAgenda } from './agenda.ts'
import type { OpeningSearch } from './forecast-openings.ts'
import type { Instant, MachineId } from './model/ids.ts'
import type { Interval } from './timetable.ts'

/** A part of the lycée's capacity, of which a job takes one place: `actions`, `images`, a room. */
export type Lane = string

/** How many places each lane has; one that is not named has no end. */
export type Lanes = ReadonlyMap<Lane, number>

export type Shape = {
  readonly effect: Effect
  readonly neededMs: number
  readonly lanes: readonly Lane[]
  readonly openings: OpeningSearch
}

/** The work of one machine, one job after the other. */
export type Chain = {
  readonly machine: MachineId
  readonly notBefore: Instant
  readonly jobs: readonly Shape[]
}

export type Run = {
  readonly chain: Chain
  /** Which of the chain's jobs. */
  readonly job: number
  readonly from: Instant
  readonly to: Instant
}

export type Course = {
  /** In the order of their starts. */
  readonly runs: readonly Run[]
  /** Chains whose next job fits into no window ahead. */
  readonly stuck: readonly Chain[]
}

/** A chain whose job `job` is next. */
type Place = { readonly chain: Chain; readonly job: number }

type Queue = { readonly shape: Shape; readonly waiting: Place[]; head: number; opening: Interval | undefined }

type Event = { readonly ready: Place; readonly leaves?: Shape }

/** @param before what was started earlier than `from`; what of it still runs keeps its place, and its chains go on after it. */
export function scheduleLycee(
  chains: readonly Chain[],
  lanes: Lanes,
  from: Instant,
  before: readonly Run[] = [],
): Course {
  const places = createPlaces(lanes)
  const queues = new Map<Shape, Queue>()
  const agenda = createAgenda<Event>()
  const runs: Run[] = []
  const stuck: Chain[] = []
  let now = from

  const occupy = (shape: Shape, { chain, job, to }: Run): void => {
    places.take(shape)
    agenda.add(to, { ready: { chain, job: job + 1 }, leaves: shape })
  }

  const enqueue = (place: Place): void => {
    const shape = place.chain.jobs[place.job]
    if (shape === undefined) return
    const queue = queues.get(shape) ?? { shape, waiting: [], head: 0, opening: openingOf(shape, now) }
    queues.set(shape, queue)
    queue.waiting.push(place)
  }

  const happen = ({ ready, leaves }: Event): void => {
    if (leaves !== undefined) places.leave(leaves)
    enqueue(ready)
  }

  /** Whether one more of the queue was started. */
  const startOne = ({ shape, opening }: Queue, place: Place): boolean => {
    if (opening === undefined) stuck.push(place.chain)
    else if (!places.areFree(shape)) return false
    else {
      const run = { ...place, from: now, to: now + shape.neededMs }
      runs.push(run)
      occupy(shape, run)
    }
    return true
  }

  /** Starts what may start; those that are equally urgent take turns. */
  const startAll = (): void => {
    const open = [...queues.values()].filter((queue) => isOpen(queue, now))
    for (const equals of byUrgency(open)) {
      let turns = equals
      while (turns.length > 0) {
        turns = turns.filter((queue) => {
          const place = queue.waiting[queue.head]
          if (place === undefined || !startOne(queue, place)) return false
          queue.head++
          return true
        })
      }
    }
  }

  admit(chains, before, from, { occupy, later: (at, ready) => agenda.add(at, { ready }) })
  while (now < Number.POSITIVE_INFINITY) {
    for (let event = agenda.due(now); event !== undefined; event = agenda.due(now)) happen(event)
    startAll()
    now = Math.min(agenda.nextAt(), nextOpening(queues.values(), now))
  }
  return { runs, stuck }
}

/** Looks for its next window where what is left of this one is too short. Without any ahead, what waits is stuck at once. */
function isOpen(queue: Queue, now: Instant): boolean {
  const { shape, waiting, head } = queue
  if (head >= waiting.length) return false
  if (queue.opening !== undefined && now + shape.neededMs > queue.opening.to)
    queue.opening = openingOf(shape, now)
  return queue.opening === undefined || queue.opening.from <= now
}

/** Of those that wait for their window; whoever waits for a place waits for somebody to leave it. */
function nextOpening(queues: Iterable<Queue>, now: Instant): Instant {
  let next = Number.POSITIVE_INFINITY
  for (const { waiting, head, opening } of queues)
    if (head < waiting.length && opening !== undefined && opening.from > now)
      next = Math.min(next, opening.from)
  return next
}

/** What must start within the same five minutes to be through in its window is equally urgent. */
const alikeMs = 5 * 60_000

/** First what must start soonest: in one window what takes longest, so that short work fills its end. */
function byUrgency(queues: readonly Queue[]): readonly (readonly Queue[])[] {
  const ranks = new Map<number, Queue[]>()
  for (const queue of queues) {
    const latest = (queue.opening?.to ?? 0) - queue.shape.neededMs
    const rank = Math.floor(latest / alikeMs)
    const equals = ranks.get(rank) ?? []
    ranks.set(rank, equals)
    equals.push(queue)
  }
  return [...ranks].sort(([a], [b]) => a - b).map(([, equals]) => equals)
}

const openingOf = ({ openings, effect, neededMs }: Shape, from: Instant): Interval | undefined =>
  openings.first(effect, from, neededMs)

function createPlaces(lanes: Lanes) {
  const free = new Map(lanes)
  const change = (shape: Shape, by: 1 | -1): void => {
    for (const lane of shape.lanes) {
      const left = free.get(lane)
      if (left !== undefined) free.set(lane, left + by)
    }
  }
  return {
    areFree: (shape: Shape): boolean => shape.lanes.every((lane) => (free.get(lane) ?? 1) > 0),
    take: (shape: Shape): void => change(shape, -1),
    leave: (shape: Shape): void => change(shape, 1),
  }
}

/** Where each chain stands at `from`. */
function admit(
  chains: readonly Chain[],
  before: readonly Run[],
  from: Instant,
  into: {
    occupy(shape: Shape, run: Run): void
    later(at: Instant, place: Place): void
  },
): void {
  const last = new Map(before.map((run) => [run.chain, run]))
  for (const run of last.values()) {
    const shape = run.chain.jobs[run.job]
    if (run.to > from && shape !== undefined) into.occupy(shape, run)
  }
  for (const chain of chains) {
    const run = last.get(chain)
    if (run === undefined) into.later(Math.max(from, chain.notBefore), { chain, job: 0 })
    else if (run.to <= from) into.later(from, { chain, job: run.job + 1 })
  }
}
