/** How far a machine is on the way to a new revision: worked out each time from what was decided, seen and tried. */
import type { MachineId } from './model/ids.ts'
import type { Observed } from './model/observed.ts'
import type { Decision, Fence } from './model/plan.ts'
import type { Attempt, MachineStanding, Steering, Wave } from './model/rollout.ts'

/** An action of a machine that does more than wake it. */
export type Tried = {
  readonly machine: MachineId
  readonly fence: Fence
  readonly since: number
  readonly endedAt?: number
  readonly result?: string
  readonly code?: string
}

/** What was decided on each machine last, and seen of it. */
export type Evidence = {
  readonly decisions: ReadonlyMap<MachineId, Decision>
  readonly inventory: ReadonlyMap<MachineId, Observed>
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

export const questionOf = (
  { rollout, attempts }: Steering,
  { decisions, inventory }: Evidence,
  machine: MachineId,
  wave: number,
  now: number,
): StandingQuestion => ({
  wave: rollout.waves[wave],
  decision: decisions.get(machine),
  observed: inventory.get(machine),
  attempt: attempts.get(machine),
  deadlineMs: rollout.policy.deadlineMs,
  healthMs: rollout.policy.healthMs,
  now,
})

export function standingOf(question: StandingQuestion): MachineStanding {
  const { wave, attempt } = question
  if (wave?.openedAt === undefined) return 'waiting'
  return attempt === undefined ? untried(question, wave.openedAt) : tried(question, attempt, wave.openedAt)
}

/** When time alone may make another standing of it; undefined: never. */
export function standsUntil(question: StandingQuestion, standing: MachineStanding): number | undefined {
  const { wave, attempt, deadlineMs, healthMs, now } = question
  if (wave?.openedAt === undefined) return undefined
  if (standing === 'pending') return wave.openedAt + deadlineMs
  if (standing !== 'attempted' || attempt?.endedAt === undefined) return undefined
  const ahead = [
    attempt.endedAt + healthMs,
    goneAt(question, wave.openedAt),
    overdueAt(question, attempt.endedAt, wave.openedAt),
  ].filter((at) => at > now)
  return ahead.length === 0 ? undefined : Math.min(...ahead)
}

/** Nothing was done on it for this revision yet. */
function untried(
  { decision, observed, deadlineMs, now }: StandingQuestion,
  openedAt: number,
): MachineStanding {
  if (decision?.kind === 'converged') return 'unneeded'
  // Out of reach for any action: a disk that is too small, a package that does not exist on its system.
  if (decision?.kind === 'stalled' && observed?.reach !== 'silent') return 'failed'
  // Off, and not to be woken (a trolley of laptops): it comes when somebody switches it on, and no wave waits for that.
  const isUpToSomebody = decision?.kind === 'held' && decision.by === 'power' && observed?.reach === 'off'
  return isUpToSomebody || now >= openedAt + deadlineMs ? 'deferred' : 'pending'
}

/**
 * Errors before successes. One failure that the PC may have had from somebody's hand (it was switched off, the cable was pulled) is
 * not yet the revision's; it is once the machine was not seen well in time.
 */
function tried(question: StandingQuestion, attempt: Attempt, openedAt: number): MachineStanding {
  const { endedAt, failures } = attempt
  const seen = endedAt === undefined ? 'not' : lookAfter(question, endedAt)
  // Somebody may have mended by hand what failed.
  if (seen === 'well') return 'succeeded'
  // It stays so while it is tried again.
  const isFailure = failures > 1 || (failures === 1 && !mayBeSomebodysHand(attempt))
  if (isFailure || seen === 'stalled') return 'failed'
  if (endedAt === undefined) return 'attempted'
  if (seen === 'gone') return gone(question, endedAt, openedAt)
  if (seen === 'busy') return unfinished(question, attempt, endedAt, openedAt)
  const isLate = question.now >= endedAt + question.healthMs
  return isLate && (seen === 'not' || seen === 'unwell') ? 'failed' : 'attempted'
}

/**
 * It was read after its action, and is out of reach now. A broken connection, a PC that was switched off, another one at its address
 * are no verdict on what was done: at the deadline it is one of those that follow later, and holds nothing up any more. But one that
 * let nobody in any more right after its action, and still does not by the deadline, is what a bad revision looks like.
 */
function gone(question: StandingQuestion, endedAt: number, openedAt: number): MachineStanding {
  const { observed, healthMs, now } = question
  if (now < goneAt(question, openedAt)) return 'attempted'
  const isShut = observed?.reach === 'silent' && observed.errors.some(({ code }) => shutOut.has(code))
  return isShut && readAt(observed) < endedAt + healthMs ? 'failed' : 'deferred'
}

/** On, and not as wanted yet: by the deadline it follows later like others, unless each try brings another; that is no progress. */
function unfinished(
  question: StandingQuestion,
  { tries }: Attempt,
  endedAt: number,
  openedAt: number,
): MachineStanding {
  if (question.now < overdueAt(question, endedAt, openedAt)) return 'attempted'
  return tries > mostTries ? 'failed' : 'deferred'
}

/** The disk, what is on it, a restart, and some that a hand came into. */
const mostTries = 6

const overdueAt = ({ deadlineMs, healthMs }: StandingQuestion, endedAt: number, openedAt: number): number =>
  Math.max(openedAt + deadlineMs, endedAt + healthMs)

const goneAt = ({ observed, deadlineMs, healthMs }: StandingQuestion, openedAt: number): number =>
  Math.max(openedAt + deadlineMs, readAt(observed) + healthMs)

/** The PC is on, and lets nobody read: not the network, this server, or another PC at its address. */
const shutOut: ReadonlySet<string> = new Set([
  'ssh-refused',
  'ssh-filtered',
  'ssh-handshake-timeout',
  'ssh-handshake-failed',
  'login-refused',
  'sudo-refused',
  'sudo-missing',
  'shell-missing',
  'unreadable',
])

/** `not`: it was not read since; `busy`: it was, and something is still to be done on it; `gone`: it was, and cannot be any more. */
function lookAfter(
  { decision, observed }: StandingQuestion,
  endedAt: number,
): 'well' | 'stalled' | 'busy' | 'gone' | 'unwell' | 'not' {
  if (readAt(observed) <= endedAt) return 'not'
  if (observed?.facts?.loginsClosed === true) return 'unwell'
  if (observed?.reach === 'silent') return 'gone'
  // Read in the midst of something, of which only the connection had ended: what came of it, nobody has seen.
  if (observed?.facts?.running !== undefined) return observed.reach === 'off' ? 'gone' : 'busy'
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
      return observed?.reach === 'off' ? 'gone' : 'busy'
  }
}

/** When it was last read; never: 0. */
const readAt = (observed: Observed | undefined): number =>
  Math.max(observed?.facts?.at ?? 0, readByDisk(observed))

/** Of a PC in whose system nobody reads (Windows), its own record of the disk is all that tells that it came back. */
const readByDisk = (observed: Observed | undefined): number =>
  observed?.facts === undefined && observed?.disk?.by === 'system' ? observed.disk.at : 0

const mayBeSomebodysHand = ({ code }: Attempt): boolean => code === 'interrupted'

/**
 * What was tried on one machine, taken together. A try that ended before it reached the PC (it was off, another action ran, it was no
 * longer as planned) leaves no trace: nothing was done.
 */
export function addTry(attempts: Map<MachineId, Attempt>, { machine, since, ...tried }: Tried): void {
  const before = attempts.get(machine)
  const isSame = before?.lastAt === since
  const { endedAt, result, code } = tried
  if (endedAt !== undefined && isWithoutTrace(tried)) {
    if (before === undefined || (isSame && before.tries === 1)) attempts.delete(machine)
    else if (isSame) attempts.set(machine, { ...before, tries: before.tries - 1, endedAt })
    return
  }
  attempts.set(machine, {
    tries: (before?.tries ?? 0) + (isSame ? 0 : 1),
    firstAt: before?.firstAt ?? since,
    lastAt: since,
    failures: failuresAfter(before, endedAt === undefined ? {} : tried),
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(result === undefined ? {} : { result }),
    ...(code === undefined ? {} : { code }),
  })
}

/** In a row: what succeeds makes good what failed before it. */
function failuresAfter(
  before: Attempt | undefined,
  { result, code }: Pick<Tried, 'result' | 'code'>,
): number {
  const so = before?.failures ?? 0
  if (result === 'complete') return 0
  const isFailure =
    result === 'retry' || result === 'terminal' || (code !== undefined && didNotComeBack.has(code))
  return isFailure ? so + 1 : so
}

/** To those who plan it is a reason to wait; of a revision, that a PC does not start any more is the worst that can be said. */
const didNotComeBack: ReadonlySet<string> = new Set([
  'did-not-restart',
  'restart-failed',
  'system-not-started',
])

/** The PC was not reached, or refused before it did anything. */
const untouched: ReadonlySet<string> = new Set([
  'off',
  'no-address',
  'name-unknown',
  'dns-unavailable',
  'no-route',
  'connect-forbidden',
  'too-many-files',
  'ssh-refused',
  'ssh-filtered',
  'ssh-handshake-timeout',
  'ssh-handshake-failed',
  'did-not-wake',
  'wake-not-sent',
  'another-action',
  'action-running',
  'record-busy',
  'deadline-passed',
  'imager-not-started',
  'imager-not-first',
  'imager-needs-a-hand',
  'disk-change-outdated',
])

const isWithoutTrace = ({ result, code }: Pick<Tried, 'result' | 'code'>): boolean =>
  result === 'refused' ||
  result === 'wrong-precondition' ||
  (result === 'wait' && code !== undefined && untouched.has(code))

export const isOlder = (a: Fence, b: Fence): boolean =>
  a.epoch < b.epoch || (a.epoch === b.epoch && a.generation < b.generation)
