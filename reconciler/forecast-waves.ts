/**
 * The waves of a rollout, one after the other over all lycées: a wave opens when the one before was met and has soaked, and what
 * is left of earlier ones goes on beside it.
 */
import type { SiteId } from '../specs/ids.ts'
import { type Chain, type Lanes, type Run, scheduleLycee } from './forecast-lycee.ts'
import type { Instant, MachineId } from './model/ids.ts'
import type { RolloutPolicy, Wave } from './model/rollout.ts'
import { policyOfWave } from './rollout-waves.ts'

export type Member = { readonly site: SiteId; readonly chain: Chain }

export type WaveInput = {
  readonly index: number
  readonly members: readonly Member[]
  /** To be changed as well, and out of reach: they hold the wave until its deadline. */
  readonly unreachable: number
  /** Off, and not to be woken: nothing waits for them. */
  readonly asleep: number
  /** They count as failed. */
  readonly blocked: number
  /** Of a rollout that is under way: how far this wave is. Its machines that are through are not among the members. */
  readonly state?: Wave | undefined
}

export type WaveCourse = {
  readonly index: number
  readonly opensAt: Instant
  readonly approval: boolean
  readonly metAt: Instant | undefined
  readonly deadline: Instant
}

export type Courses = {
  readonly courses: readonly WaveCourse[]
  /** First start and last end of each machine whose work fits. */
  readonly spans: ReadonlyMap<MachineId, Span>
}

export type Span = { readonly from: Instant; readonly to: Instant }

/** @param healing what is done at once, whatever wave is open. */
export function runWaves(
  healing: readonly Member[],
  waves: readonly WaveInput[],
  policy: RolloutPolicy,
  lanesAt: (site: SiteId) => Lanes,
  now: Instant,
): Courses {
  const sites = createSites(lanesAt)
  const courses: WaveCourse[] = []
  sites.open(healing, now)
  let opensAt = now
  for (const wave of waves) {
    const { approval, soakMs } = policyOfWave(policy, wave.index)
    const { openedAt, approvedBy, metSince, passedAt } = wave.state ?? {}
    const course = { opensAt: openedAt ?? opensAt, deadline: (openedAt ?? opensAt) + policy.deadlineMs }
    sites.open(wave.members, Math.max(now, course.opensAt))
    const metAt = metSince ?? metOf(wave, sites.spans, policy.successShare, course.deadline, now)
    const isAsked = approval && openedAt === undefined && approvedBy === undefined
    courses.push({ ...course, index: wave.index, approval: isAsked, metAt })
    opensAt = Math.max(now, passedAt ?? (metAt ?? course.deadline) + soakMs)
  }
  return { courses, spans: sites.spans }
}

type SiteState = { readonly chains: Chain[]; runs: readonly Run[] }

function createSites(lanesAt: (site: SiteId) => Lanes) {
  const states = new Map<SiteId, SiteState>()
  const spans = new Map<MachineId, Span>()
  return {
    spans,
    /** What had not been started by then waits its turn anew, with the new members. */
    open(members: readonly Member[], at: Instant): void {
      const touched = new Set<SiteId>()
      for (const { site, chain } of members) {
        const state = states.get(site) ?? { chains: [], runs: [] }
        states.set(site, state)
        state.chains.push(chain)
        touched.add(site)
      }
      for (const site of touched) {
        const state = states.get(site)
        if (state === undefined) continue
        const before = state.runs.filter(({ from }) => from < at)
        state.runs = [...before, ...scheduleLycee(state.chains, lanesAt(site), at, before).runs]
        note(state, spans)
      }
    },
  }
}

function note({ runs }: SiteState, spans: Map<MachineId, Span>): void {
  const first = new Map<MachineId, Instant>()
  for (const { chain, job, from, to } of runs) {
    if (!first.has(chain.machine)) first.set(chain.machine, from)
    if (job === chain.jobs.length - 1)
      spans.set(chain.machine, { from: first.get(chain.machine) ?? from, to })
  }
}

/**
 * When enough have succeeded; the same reckoning as `advance`, if all succeeds that is tried. Undefined: not with those that can be
 * reached.
 */
function metOf(
  wave: WaveInput,
  spans: ReadonlyMap<MachineId, Span>,
  successShare: number,
  deadline: Instant,
  now: Instant,
): Instant | undefined {
  const { members, unreachable, asleep, blocked } = wave
  const left = members.length + unreachable + blocked
  const through = Math.max(0, (wave.state?.machines ?? 0) - left - asleep)
  const mine = members.flatMap(({ chain }) => spans.get(chain.machine) ?? [])
  const ends = mine.map(({ to }) => to).sort((a, b) => a - b)
  const enough = (due: number): Instant | undefined => {
    const missing = Math.max(1, Math.ceil(successShare * due)) - through
    return missing <= 0 ? now : ends[missing - 1]
  }
  const inTime = enough(through + left)
  if (inTime !== undefined && inTime <= deadline) return inTime
  // From the deadline on, those that were not begun count no longer.
  const begun = through + mine.filter(({ from }) => from <= deadline).length
  const late = begun === 0 ? undefined : enough(begun + blocked)
  return late === undefined ? undefined : Math.max(late, deadline)
}
