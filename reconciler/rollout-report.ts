/** How a rollout stands, for whoever asks: its waves in numbers and words, the lycées and machines where it failed, what to do next. */
import type { Instant, MachineId, SiteId } from './model/ids.ts'
import type { Backoff } from './model/plan.ts'
import type { Text } from './model/reason.ts'
import type { Rollout, Steering, WavePolicy } from './model/rollout.ts'
import { isOpen } from './rollout.ts'
import { rolloutAdvice } from './rollout-advice.ts'
import { type FailureGroup, failureReason, groupFailures } from './rollout-failures.ts'
import { countedWaves } from './rollout-news.ts'
import type { Evidence } from './rollout-standing.ts'
import type { RolloutTally, Tally } from './rollout-tally.ts'
import { policyOfWave } from './rollout-waves.ts'

export type WaveState =
  | { readonly kind: 'passed'; readonly at: Instant }
  /** As well as is asked; it must stay so until then. */
  | { readonly kind: 'soaking'; readonly until: Instant }
  | { readonly kind: 'open'; readonly since: Instant }
  /** A person is asked before it opens. */
  | { readonly kind: 'awaits-approval'; readonly since: Instant }
  /** Open, and a person is asked because nobody in it could be reached. */
  | { readonly kind: 'shows-nothing'; readonly since: Instant }
  | { readonly kind: 'closed'; readonly asks: boolean }
  /** The rollout is over, and this wave had begun. */
  | { readonly kind: 'stopped' }
  /** The rollout is over, and it never opened. */
  | { readonly kind: 'never-opened' }

export type WaveReport = {
  /** From 1. */
  readonly wave: number
  /** Undefined: whom the park's waves leave over. */
  readonly filters: WavePolicy | undefined
  readonly soakMs: number
  readonly state: WaveState
  readonly machines: number
  readonly approvedBy?: string
  readonly tally: Tally
}

export type SiteReport = { readonly site: SiteId; readonly tally: Tally; readonly heldSince?: Instant }

export type RolloutReport = {
  readonly rollout: Rollout
  readonly at: Instant
  readonly timezone: string
  readonly waves: readonly WaveReport[]
  readonly total: Tally
  /** Where something failed or is held, in order. */
  readonly sites: readonly SiteReport[]
  readonly failures: readonly FailureGroup[]
  /** Failures that a person has accepted: they count no more. */
  readonly accepted: readonly FailureGroup[]
  readonly advice: readonly Text[]
}

export type Reported = {
  readonly steering: Steering
  readonly tally: RolloutTally
  readonly evidence: Evidence
  readonly backoffs: (machine: MachineId) => readonly Backoff[]
  readonly now: Instant
}

export function rolloutReport(reported: Reported): RolloutReport {
  const { steering, tally, now } = reported
  const { rollout, next } = steering
  const isAccepted = acceptedIn(rollout)
  const failures = failuresOf(reported)
  return {
    rollout,
    at: now,
    timezone: next.park.timezone,
    waves: waveReports(rollout, tally),
    total: tally.total,
    sites: siteReports(rollout, tally),
    failures: groupFailures(failures.filter(([machine]) => !isAccepted(machine))),
    accepted: groupFailures(failures.filter(([machine]) => isAccepted(machine))),
    advice: rolloutAdvice(rollout, tally.total),
  }
}

function waveReports(rollout: Rollout, tally: RolloutTally): readonly WaveReport[] {
  const { waves, policy } = rollout
  return waves.slice(0, Math.max(1, countedWaves(waves))).flatMap((wave, index) => {
    const counts = tally.waves[index]
    if (counts === undefined) return []
    return [
      {
        wave: index + 1,
        filters: policy.waves[index],
        soakMs: policyOfWave(policy, index).soakMs,
        state: waveState(rollout, index),
        machines: wave.machines,
        ...(wave.approvedBy === undefined ? {} : { approvedBy: wave.approvedBy }),
        tally: counts,
      },
    ]
  })
}

function waveState(rollout: Rollout, index: number): WaveState {
  const { openedAt, passedAt, metSince, awaitsApprovalSince, approvedBy } = rollout.waves[index] ?? {}
  const { soakMs, approval } = policyOfWave(rollout.policy, index)
  if (passedAt !== undefined) return { kind: 'passed', at: passedAt }
  if (!isOpen(rollout)) return { kind: openedAt === undefined ? 'never-opened' : 'stopped' }
  const asks = awaitsApprovalSince !== undefined && approvedBy === undefined
  if (openedAt === undefined) {
    return asks
      ? { kind: 'awaits-approval', since: awaitsApprovalSince }
      : { kind: 'closed', asks: approval && approvedBy === undefined }
  }
  if (asks) return { kind: 'shows-nothing', since: awaitsApprovalSince }
  // While it is paused, no wave passes.
  return metSince !== undefined && rollout.phase.kind === 'running'
    ? { kind: 'soaking', until: metSince + soakMs }
    : { kind: 'open', since: openedAt }
}

function siteReports({ heldSites }: Rollout, { sites }: RolloutTally): readonly SiteReport[] {
  return [...sites]
    .map(([site, tally]) => {
      const heldSince = heldSites[site]
      return { site, tally, ...(heldSince === undefined ? {} : { heldSince }) }
    })
    .filter(({ tally, heldSince }) => tally.failed + tally.accepted > 0 || heldSince !== undefined)
    .sort((a, b) => (a.site < b.site ? -1 : 1))
}

const acceptedIn = ({ accepted }: Rollout): ((machine: MachineId) => boolean) => {
  const known = new Set(accepted)
  return (machine) => known.has(machine)
}

function failuresOf({ steering, tally, evidence, backoffs }: Reported) {
  const { attempts, rollout } = steering
  return [...tally.standings].flatMap(([machine, standing]) => {
    if (standing !== 'failed') return []
    const reason = failureReason({
      attempt: attempts.get(machine),
      decision: evidence.decisions.get(machine),
      observed: evidence.inventory.get(machine),
      backoffs: backoffs(machine),
      healthMs: rollout.policy.healthMs,
    })
    return [[machine, reason] as const]
  })
}
