/** How far a machine is on the way to a new revision: worked out each time from what was decided, seen and tried. */
import type { MachineId } from './model/ids.ts'
import type { Observed } from './model/observed.ts'
import type { Decision, Fence } from './model/plan.ts'
import type { Attempt, MachineStanding, Wave } from './model/rollout.ts'

/** An action of a machine that does more than wake it. */
export type Tried = {
  readonly machine: MachineId
  readonly fence: Fence
  readonly since: number
  readonly endedAt?: number
  readonly result?: string
  readonly code?: string
}

/** What is asked of one machine that the revision changes. */
export type StandingQuestion = {
  readonly wave: Wave | undefined
  readonly decision: Decision | undefined
  readonly observed: Observed | undefined
  readonly attempt: Attempt | undefined
  readonly deadlineMs: number
  readonly healthMs: number
  readonly now: number
}

export function standingOf(question: StandingQuestion): MachineStanding {
  const { wave, attempt } = question
  if (wave?.openedAt === undefined) return 'waiting'
  return attempt === undefined ? untried(question, wave.openedAt) : tried(question, attempt)
}

/** Nothing was done on it for this revision yet. */
function untried(
  { decision, observed, deadlineMs, now }: StandingQuestion,
  openedAt: number,
): MachineStanding {
  if (decision?.kind === 'converged') return 'unneeded'
  // Out of reach for any action: a disk that is too small, a package that does not exist on its system.
  if (decision?.kind === 'stalled' && observed?.reach !== 'silent') return 'failed'
  return now >= openedAt + deadlineMs ? 'deferred' : 'pending'
}

/**
 * Errors before successes. One failure that the PC may have had from somebody's hand (it was switched off, the cable was pulled) is
 * not yet the revision's; it is once the machine was not seen well in time.
 */
function tried(question: StandingQuestion, attempt: Attempt): MachineStanding {
  const { endedAt, result, tries } = attempt
  const hasFailed = result === 'terminal' || result === 'retry'
  if (endedAt === undefined) return hasFailed && tries > 2 ? 'failed' : 'attempted'
  if (hasFailed && (tries > 1 || !mayBeSomebodysHand(attempt))) return 'failed'
  const seen = lookAfter(question, endedAt)
  if (seen === 'well') return 'succeeded'
  if (seen === 'stalled') return 'failed'
  const isLate = question.now >= endedAt + question.healthMs
  return isLate && (seen === 'not' || seen === 'unwell') ? 'failed' : 'attempted'
}

/** `not`: it was not read since; `busy`: it was, and something is still to be done on it. */
function lookAfter(
  { decision, observed }: StandingQuestion,
  endedAt: number,
): 'well' | 'stalled' | 'busy' | 'unwell' | 'not' {
  const readAt = Math.max(observed?.facts?.at ?? 0, readByDisk(observed))
  if (readAt <= endedAt) return 'not'
  if (observed?.facts?.loginsClosed === true) return 'unwell'
  switch (decision?.kind) {
    case 'converged':
      return 'well'
    case 'stalled':
      return 'stalled'
    case 'unknown':
    case undefined:
      return 'unwell'
    case 'act':
    case 'held':
      return 'busy'
  }
}

/** Of a PC in whose system nobody reads (Windows), its own record of the disk is all that tells that it came back. */
const readByDisk = (observed: Observed | undefined): number =>
  observed?.facts === undefined && observed?.disk?.by === 'system' ? observed.disk.at : 0

const mayBeSomebodysHand = ({ result, code }: Attempt): boolean =>
  result === 'retry' && code !== undefined && interruptions.has(code)

const interruptions: ReadonlySet<string> = new Set(['interrupted'])

/** One machine's tries as one; those under an older fence than its wave's were for what it had before. */
export function addTry(attempts: Map<MachineId, Attempt>, tried: Tried): void {
  const before = attempts.get(tried.machine)
  const { machine, since, endedAt, result, code } = tried
  const isSame = before?.lastAt === since
  attempts.set(machine, {
    tries: (before?.tries ?? 0) + (isSame ? 0 : 1),
    firstAt: before?.firstAt ?? since,
    lastAt: since,
    ...(endedAt === undefined ? {} : { endedAt }),
    // Of the last that ended, also while the next is under way.
    ...resultOf(endedAt === undefined ? before : { result, code }),
  })
}

const resultOf = (of: { result?: string | undefined; code?: string | undefined } | undefined) => ({
  ...(of?.result === undefined ? {} : { result: of.result }),
  ...(of?.code === undefined ? {} : { code: of.code }),
})

export const isOlder = (a: Fence, b: Fence): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.generation < b.generation)
