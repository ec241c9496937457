/** One simulation in a process of its own, for its time and memory to be measured; prints what came of it as JSON. */
import { keepHeapLean } from '../../../cli/simulate/lean-heap.ts'
import { simulate } from '../../../cli/simulate/simulate.ts'
import { faultSets } from '../../../providers/simulated/misfortune.ts'
import { lowerBound } from '../../../reconciler/forecast-bound.ts'
import type { MachineId, Revision } from '../../../reconciler/model/ids.ts'
import type { KnownImage } from '../../../reconciler/model/plan.ts'
import { plan } from '../../../reconciler/plan.ts'
import { type RegionPair, resized, septemberCommit, withoutWaves } from './region-park.ts'

/** Monday 7 September 2026, noon in Paris. */
const start = Date.parse('2026-09-07T10:00:00Z')
const hourMs = 3_600_000

/** As the simulation assumes them: what a PC fetches of a new version, and of an image that it has nothing of. */
const image: KnownImage = { usedBytes: 16e9, storedBytes: 6.5e9, deltaBytes: () => 1.17e9 }

/** Nearer to how `up` works than a week of simulation can be: it gathers news for 25 ms and looks every five minutes. */
const pace = {
  gatherMs: 5_000,
  observeEveryMs: hourMs,
  observeOffEveryMs: hourMs,
  passEveryMs: hourMs,
  freshMs: 2 * hourMs + 60_000,
}

const [kind, timesText = '1'] = process.argv.slice(2)
keepHeapLean()
const pair = resized(await septemberCommit(), Number(timesText))

if (kind === 'bound') console.log(JSON.stringify(await againstBound(withoutWaves(pair))))
else if (kind === 'week') console.log(JSON.stringify(await played(pair, 7)))
else if (kind === 'day') console.log(JSON.stringify(await played(pair, 1)))
else throw new Error('region-process.ts bound | week | day [TIMES]')

/** Everybody at once and nothing goes wrong: how long until all are as wanted, and how long bandwidth and windows alone would take. */
async function againstBound({ base, next }: RegionPair) {
  const run = await simulate({
    seed: 1,
    days: 0,
    start,
    faults: [],
    ...named({ base, next }),
    calmDays: 14,
    pace,
  })
  const committedAt = start + hourMs
  const end = run.rollouts[0]?.phase
  if (end?.kind !== 'done') throw new Error('the rollout did not come to its end')
  return {
    machines: run.machines,
    asWanted: run.asWanted,
    tookMs: end.at - committedAt,
    boundMs: boundOf({ base, next }, committedAt) - committedAt,
    violations: run.violations.length,
  }
}

function boundOf({ base, next }: RegionPair, now: number): number {
  const manifests = [...next.machines.values()].flatMap(({ profile }) => profile.disk?.manifest ?? [])
  const images = new Map(manifests.map((manifest) => [manifest, image]))
  const known = { inventory: new Map(), history: new Map<MachineId, never>(), images }
  const target = {
    fence: { epoch: 1, generation: 2 },
    parent: null,
    revision: 'next' as Revision,
    desired: next.digest,
    at: now,
  }
  const decided = plan({
    desired: next,
    target,
    pauses: [],
    freshMs: Number.POSITIVE_INFINITY,
    now,
    ...known,
  })
  return lowerBound({ desired: next, base, plan: decided, ...known })?.end ?? now
}

/** With waves, soak times and what a school year brings. */
async function played(regions: RegionPair, days: number) {
  const faults = faultSets['school'] ?? []
  const run = await simulate({ seed: 1, days, start, faults, ...named(regions), calmDays: 0 })
  return {
    machines: run.machines,
    asWanted: run.asWanted,
    violations: run.violations.length,
    events: run.log.events,
    phase: run.rollouts[0]?.phase.kind ?? 'none',
  }
}

function named({ base, next }: RegionPair) {
  return {
    base: { revision: 'base' as Revision, desired: base },
    next: { revision: 'next' as Revision, desired: next },
  }
}
