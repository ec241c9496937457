/**
 * How a revision makes its way: which waves are open, and whether it goes on. Pure and level-triggered: from the rollout as it is,
 * what people ordered, and what was decided, seen and tried, it says how the rollout is from now on.
 *
 * Failures are looked at before successes, and whatever is not known counts as not succeeded: a wave that shows nothing opens
 * no other. What is decided here takes force with a new target; who was started under an older one can be told by its fence.
 */
import type { Instant, MachineId, RolloutOrderId, SiteId } from './model/ids.ts'
import type { Fence } from './model/plan.ts'
import type { Rollout, RolloutOrder, RolloutPhase, Steering, Wave } from './model/rollout.ts'
import { type News, newsOf } from './rollout-news.ts'
import { closing, obey } from './rollout-orders.ts'
import { tooFewSuccesses, tooManyFailures } from './rollout-reasons.ts'
import { failureShare, type RolloutTally, type Tally, triedOn } from './rollout-tally.ts'
import { policyOfWave } from './rollout-waves.ts'

export type AdvanceInput = {
  readonly steering: Steering
  /** Oldest first. */
  readonly orders: readonly RolloutOrder[]
  /** Where its machines are now. */
  readonly count: (steering: Steering) => RolloutTally
  /** All that it changes goes unnoticed: then it may go back by itself. */
  readonly isQuiet: boolean
  /** Who made a newer revision that is to take its place. */
  readonly supersededBy?: string
  /** Of the target that would carry what is decided here. */
  readonly nextFence: Fence
  readonly now: Instant
}

export type Advance = {
  readonly rollout: Rollout
  readonly served: readonly RolloutOrderId[]
  readonly news: readonly News[]
  /** `target`: what machines may have changes, or whether more may be started; `notes`: only what is remembered. */
  readonly moves: 'target' | 'notes' | 'nothing'
  readonly tally: RolloutTally
  /** When time alone may change something. */
  readonly lookAgainAt?: Instant
}

export function advance(input: AdvanceInput): Advance {
  const { steering, orders, count, supersededBy, now } = input
  const before = steering.rollout
  const seen = count(steering)
  const { rollout: ordered, refused } = obey(before, orders, seen, now)
  // What a person has just accepted does not count any more, or it would stop again at once.
  const tally = ordered.accepted === before.accepted ? seen : count({ ...steering, rollout: ordered })
  const after = closed(before, overtaken(goneOn(input, ordered, tally), supersededBy, now), now)
  const lookAgainAt = nextChangeAt(after, tally, now)
  return {
    rollout: after,
    served: orders.map(({ id }) => id),
    news: [...newsOf(before, after, tally), ...refused],
    moves: movesOf(before, after, orders.length > 0),
    tally,
    ...(lookAgainAt === undefined ? {} : { lookAgainAt }),
  }
}

export const isOpen = ({ phase }: Rollout): boolean =>
  phase.kind === 'running' || phase.kind === 'paused' || phase.kind === 'closing'

/** It came to its end because people let waves pass in which nobody could be reached: no machine has shown anything of it. */
export const isShownNowhere = ({ phase, waves }: Rollout): boolean =>
  phase.kind === 'done' &&
  phase.untried !== undefined &&
  phase.untried === waves.reduce((sum, { machines }) => sum + machines, 0)

/** Whether a machine may have what is new: its wave is open, or the revision does not change it. */
export function isAdmitted({ rollout, waveOf, attempts }: Steering, machine: MachineId): boolean {
  const index = waveOf.get(machine)
  if (index === undefined || rollout.phase.kind === 'done') return true
  // Of one that was given up, those keep it on whom it was begun: nobody is moved back without being asked.
  return isOpen(rollout) ? rollout.waves[index]?.openedAt !== undefined : attempts.has(machine)
}

/** With the target that says so nothing new has started, and who had been is known. */
function closed(before: Rollout, rollout: Rollout, now: Instant): Rollout {
  const { phase } = before
  if (phase.kind !== 'closing') return rollout
  const { to, who, why } = phase
  return { ...rollout, phase: { kind: to, who, at: now, ...(why === undefined ? {} : { why }) } }
}

const overtaken = (rollout: Rollout, by: string | undefined, now: Instant): Rollout =>
  by !== undefined && isOpen(rollout) && rollout.phase.kind !== 'closing'
    ? { ...rollout, phase: closing('superseded', by, undefined, now) }
    : rollout

function goneOn(input: AdvanceInput, rollout: Rollout, tally: RolloutTally): Rollout {
  if (rollout.phase.kind !== 'running') return rollout
  const stopped =
    stoppedByFailures(input, rollout, tally.total) ?? stoppedByDeadline(rollout, tally, input.now)
  if (stopped !== undefined) return stopped
  const { now } = input
  const heldSites = { ...rollout.heldSites, ...sitesToHold(rollout, tally, now) }
  const waves = wavesFrom(rollout, tally, input)
  const isOver = waves.every(({ passedAt }) => passedAt !== undefined)
  return {
    ...rollout,
    waves,
    heldSites,
    ...(isOver ? { phase: done(input.steering, tally, now) } : {}),
  }
}

/** Whom nobody could reach follows with nobody counting what fails: how many they are is kept with the end. */
function done({ attempts }: Steering, { standings }: RolloutTally, now: Instant): RolloutPhase {
  const untried = [...standings].filter(
    ([machine, standing]) => (standing === 'pending' || standing === 'deferred') && !attempts.has(machine),
  ).length
  return { kind: 'done', who: 'loop', at: now, ...(untried === 0 ? {} : { untried }) }
}

function stoppedByFailures(
  { isQuiet, now }: AdvanceInput,
  rollout: Rollout,
  total: Tally,
): Rollout | undefined {
  const limit = rollout.policy.pauseAtFailureShare
  if (limit === undefined || total.failed === 0 || failureShare(total) < limit) return undefined
  const reason = tooManyFailures(total.failed, triedOn(total), limit)
  const goesBack = rollout.policy.rollback === 'quiet' && isQuiet && rollout.base !== null
  return goesBack
    ? { ...rollout, phase: closing('rolled-back', 'loop', reason.message.en, now) }
    : { ...rollout, phase: { kind: 'paused', by: 'failures', who: 'loop', reason, at: now } }
}

/** Too few failed to stop it at once, and too few are well to go on: with nobody left to be tried, a person must know of it. */
function stoppedByDeadline(rollout: Rollout, tally: RolloutTally, now: Instant): Rollout | undefined {
  const { waves, policy } = rollout
  const index = waves.findIndex(({ passedAt }) => passedAt === undefined)
  const [wave, counts] = [waves[index], tally.waves[index]]
  if (policy.pauseAtFailureShare === undefined || wave === undefined || counts === undefined) return undefined
  const { pending, attempted, succeeded, failed } = counts
  const isSettled = pending + attempted === 0 && failed > 0
  if (!isLate(wave, policy, now) || !isSettled || isMet(counts, policy.successShare)) return undefined
  const reason = tooFewSuccesses(index + 1, succeeded, succeeded + failed, policy.successShare)
  return { ...rollout, phase: { kind: 'paused', by: 'failures', who: 'loop', reason, at: now } }
}

/** One failure among the first few of a lycée is a large share and says little: two at least. */
const leastFailures = 2

function sitesToHold(rollout: Rollout, { sites }: RolloutTally, now: Instant): Record<SiteId, Instant> {
  const limit = rollout.policy.lyceeFailureShare
  const held: Record<SiteId, Instant> = {}
  if (limit === undefined) return held
  for (const [site, tally] of [...sites].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const isNew = rollout.heldSites[site] === undefined
    if (isNew && tally.failed >= leastFailures && failureShare(tally) >= limit) held[site] = now
  }
  return held
}

/** Each wave in turn: one opens when the one before has passed. */
function wavesFrom(rollout: Rollout, tally: RolloutTally, { nextFence, now }: AdvanceInput): readonly Wave[] {
  const waves: Wave[] = []
  let isReached = true
  const last = rollout.waves.findLastIndex(({ machines }) => machines > 0)
  for (const [index, wave] of rollout.waves.entries()) {
    const counts = tally.waves[index]
    if (!isReached || counts === undefined) {
      waves.push(wave)
      continue
    }
    const policy = policyOfWave(rollout.policy, index)
    const opened = opening(wave, policy.approval, nextFence, now)
    const isOpened = opened.openedAt !== undefined
    // What it shows was counted before it opened: it is looked at the next time.
    const next =
      isOpened && wave.openedAt !== undefined
        ? passing(rollout, opened, counts, policy.soakMs, index === last, now)
        : opened
    waves.push(next)
    isReached = next.passedAt !== undefined
  }
  return waves
}

/** A wave without machines that change is passed without being asked about. */
function opening(wave: Wave, approval: boolean, fence: Fence, now: Instant): Wave {
  if (wave.openedAt !== undefined) return wave
  if (wave.machines === 0) return { ...wave, openedAt: now, fence, passedAt: now }
  if (approval && wave.approvedBy === undefined) {
    return { ...wave, awaitsApprovalSince: wave.awaitsApprovalSince ?? now }
  }
  return { ...wave, openedAt: now, fence }
}

function passing(
  { policy }: Rollout,
  wave: Wave,
  counts: Tally,
  soakMs: number,
  isLast: boolean,
  now: Instant,
): Wave {
  if (wave.passedAt !== undefined) return wave
  const { metSince: before, ...rest } = wave
  const isOver = isLate(wave, policy, now)
  if (isOver && showsNothing(counts)) return asked(rest, now)
  const told = answered(rest)
  // The last wave stays under watch until nobody is left who could still fail in it.
  const isWatched = isLast && !isOver && counts.pending + counts.attempted > 0
  if (isWatched || !isMet(counts, policy.successShare)) return told
  const metSince = before ?? now
  return now >= metSince + soakMs ? { ...told, metSince, passedAt: now } : { ...told, metSince }
}

const isLate = ({ openedAt }: Wave, { deadlineMs }: Rollout['policy'], now: Instant): boolean =>
  openedAt !== undefined && now >= openedAt + deadlineMs

/** Who is as wanted without a try was reached, and shows that it can be. */
function isMet(counts: Tally, successShare: number): boolean {
  const { pending, attempted, succeeded, failed, deferred, unneeded } = counts
  const due = pending + attempted + succeeded + failed
  if (due === 0) return deferred === 0 || unneeded > 0
  return succeeded > 0 && succeeded >= successShare * due
}

/** All of its machines stayed out of reach until the deadline: whether to go on without having seen anything, a person says. */
const showsNothing = (counts: Tally): boolean =>
  triedOn(counts) + counts.pending + counts.unneeded === 0 && counts.deferred > 0

/** Who approved that the wave opens has not said that it may pass so. */
function asked(wave: Wave, now: Instant): Wave {
  const { approvedBy, ...rest } = wave
  const isAsked = (wave.awaitsApprovalSince ?? 0) > (wave.openedAt ?? 0)
  if (!isAsked) return { ...rest, awaitsApprovalSince: now }
  return approvedBy === undefined ? wave : { ...wave, passedAt: now }
}

/** It shows something after all: nobody need say anything any more. */
function answered(wave: Wave): Wave {
  if (wave.approvedBy !== undefined) return wave
  const { awaitsApprovalSince: _asked, ...rest } = wave
  return rest
}

/** How often it is asked whether a machine that was worked on was seen well in time. */
const healthEveryMs = 60_000

function nextChangeAt(
  { phase, policy, waves }: Rollout,
  { total }: RolloutTally,
  now: Instant,
): Instant | undefined {
  if (phase.kind === 'closing') return now
  if (phase.kind !== 'running') return undefined
  const healthAt = total.attempted > 0 ? now + healthEveryMs : undefined
  const index = waves.findIndex(({ passedAt }) => passedAt === undefined)
  const wave = waves[index]
  if (wave?.openedAt === undefined) return healthAt
  const { soakMs } = policyOfWave(policy, index)
  const soakedAt = wave.metSince === undefined ? undefined : wave.metSince + soakMs
  const ahead = [healthAt, soakedAt, wave.openedAt + policy.deadlineMs].flatMap((at) =>
    at !== undefined && at > now ? [at] : [],
  )
  return ahead.length === 0 ? undefined : Math.min(...ahead)
}

function movesOf(before: Rollout, after: Rollout, isOrdered: boolean): Advance['moves'] {
  // Done: all waves are open, and machines may have what they may have already.
  const gist = ({ phase, waves, heldSites }: Rollout): string =>
    JSON.stringify([
      phase.kind === 'done' ? { kind: 'running' } : phase,
      waves.map(({ fence, machines }) => (machines === 0 ? undefined : fence)),
      heldSites,
    ])
  if (gist(before) !== gist(after)) return 'target'
  return isOrdered || JSON.stringify(before) !== JSON.stringify(after) ? 'notes' : 'nothing'
}
