/**
 * What may hold a change, in the order of asking. The first gate that lets nothing pass is the answer to "why not yet?", so
 * the order goes from what a person decided, over what is known of the machine, to what merely is busy.
 */
import { isStalled } from './backoff.ts'
import { changeKey } from './diff.ts'
import { diskNeverObserved, windowsRunning } from './disk-reasons.ts'
import { isAskedFor, isImagerChange } from './disk-work.ts'
import { actionLimitMs } from './duration.ts'
import {
  backingOff,
  checksNotAsked,
  givenUp,
  inFlight,
  occupied,
  paused,
  runningOnMachine,
  stale,
  unseen,
  wakeNotAllowed,
} from './gate-reasons.ts'
import type { Change } from './model/change.ts'
import type { Instant } from './model/ids.ts'
import type { Observed } from './model/observed.ts'
import type { Backoff } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import { wakeUp } from './no-show.ts'
import type { Gate, Question, Verdict } from './question.ts'
import type { RolloutHold } from './rollout-gate.ts'
import type { Opening } from './window.ts'

export const gates: readonly Gate[] = [
  { name: 'suspended', guards: 'changes', judge: judgeSuspended },
  { name: 'in-flight', guards: 'look', judge: judgeInFlight },
  { name: 'fresh', guards: 'look', judge: judgeFresh },
  { name: 'backoff', guards: 'changes', judge: judgeBackoff },
  { name: 'wave', guards: 'changes', judge: judgeRollout('wave') },
  { name: 'budget', guards: 'changes', judge: judgeRollout('budget') },
  { name: 'image', guards: 'changes', judge: judgeImage },
  { name: 'power', guards: 'changes', judge: judgePower },
  { name: 'window', guards: 'changes', judge: judgeWindow },
  { name: 'occupied', guards: 'changes', judge: judgeOccupied },
  { name: 'capacity', guards: 'turn', judge: judgeCapacity },
]

/** What an off machine needs first. Nobody notices: nobody sits at a PC that is off. */

function judgeSuspended({ machine, pauses }: Question, changes: readonly Change[]): Verdict {
  const pause = pauses.over(machine)
  return pause === undefined ? { kind: 'pass', changes } : hold(paused(pause), pause.until)
}

function judgeInFlight({ history, observed }: Question, changes: readonly Change[]): Verdict {
  if (history?.inFlight !== undefined) return hold(inFlight)
  if (observed?.reach === 'up' && observed.facts?.running !== undefined) return hold(runningOnMachine)
  return { kind: 'pass', changes }
}

function judgeFresh(question: Question, changes: readonly Change[]): Verdict {
  const { observed, freshMs, now, wake, mustLook } = question
  if (observed === undefined) return hold(unseen)
  const at = wake ? observed.observedAt : seenAt(observed)
  // Both ways: after our clock was set back, what seems to come from the future is just as old.
  if (Math.abs(now - at) > freshMs) return hold(stale)
  if (observed.reach === 'up' && question.diskUnread) return hold(diskNeverObserved)
  if (observed.reach === 'up' && mustLook) return hold(checksNotAsked)
  return { kind: 'pass', changes }
}

/** When what is decided from was seen. Of a system that is not running now, its last facts are history. */
export const seenAt = ({ reach, facts, observedAt }: Observed): Instant =>
  reach === 'up' ? (facts?.at ?? observedAt) : observedAt

function judgeBackoff(question: Question, changes: readonly Change[]): Verdict {
  const { history, machine, now, wake, mustLook } = question
  if (history === undefined || history.backoffs.length === 0) return { kind: 'pass', changes }
  const byKey = new Map<string, Backoff>(history.backoffs.map((one) => [one.key, one]))
  const { retry } = machine.profile
  const backoffOf = (change: Change): Backoff | undefined => {
    const backoff = byKey.get(changeKey(change))
    return backoff !== undefined && (isStalled(backoff, retry) || backoff.notBefore > now)
      ? backoff
      : undefined
  }

  const waking = wake ? backoffOf(wakeUp) : undefined
  const free = changes.filter((change) => backoffOf(change) === undefined)
  if (waking === undefined && (free.length > 0 || (wake && mustLook))) return { kind: 'pass', changes: free }

  const blocking = waking === undefined ? changes.flatMap((change) => backoffOf(change) ?? []) : [waking]
  const next = blocking
    .filter((backoff) => !isStalled(backoff, retry))
    .toSorted((one, other) => one.notBefore - other.notBefore)[0]
  const stalled = blocking.filter((backoff) => isStalled(backoff, retry)).toSorted(hopelessFirst)[0]
  // Told first although something else goes on by itself: nobody else will see to it.
  if (stalled !== undefined) return stall(givenUp(stalled), next?.notBefore)
  return next === undefined ? { kind: 'pass', changes } : hold(backingOff(next), next.notBefore)
}

/** Of a machine that is to have the new revision and on which it must not be begun now. What was wanted of it before, and what somebody asked for, goes on. */
function judgeRollout(by: RolloutHold['by']): Gate['judge'] {
  return ({ rollout, wantedBefore }, changes) => {
    if (rollout?.kind !== 'stopped' || rollout.by !== by) return { kind: 'pass', changes }
    const others = changes.filter(
      (change) => change.facet === 'reset' || isAskedFor(change) || wantedBefore(change),
    )
    return others.length > 0 ? { kind: 'pass', changes: others } : hold(rollout.reason, rollout.until)
  }
}

/** A PC whose image is not there would be woken or restarted for nothing. A capture reads what is on the disk, whatever it is. */
function judgeImage({ awaited }: Question, changes: readonly Change[]): Verdict {
  if (awaited === undefined || awaited.size === 0) return { kind: 'pass', changes }
  const missing = (change: Change): Reason | undefined =>
    isImagerChange(change) && !(change.facet === 'disk' && change.operation === 'capture')
      ? awaited.get(change.to)
      : undefined
  const ready = changes.filter((change) => missing(change) === undefined)
  const reason = changes.map(missing).find((one) => one !== undefined)
  return ready.length === 0 && reason !== undefined ? hold(reason) : { kind: 'pass', changes: ready }
}

function judgePower(question: Question, changes: readonly Change[]): Verdict {
  const { machine, observed, wake, diskUnread } = question
  if (wake && !machine.profile.power.wake) return hold(diskUnread ? diskNeverObserved : wakeNotAllowed)
  // Of Windows we have no key and no shell: what answers there is left alone.
  if (observed?.reach === 'silent') return hold(windowsRunning)
  return { kind: 'pass', changes }
}

/**
 * Lets pass, in order, the changes that the open windows allow and that can finish inside them. One that does not fit is
 * left for a longer window without keeping the others from this one.
 */
function judgeWindow(question: Question, changes: readonly Change[]): Verdict {
  const { now, wake, mustLook } = question
  const estimate = question.estimate()
  const wakeMs = wake ? estimate.wakeMs : 0
  if (isAskedForAlone(changes)) {
    const neededMs = wakeMs + estimate.neededMs(changes)
    return { kind: 'pass', changes, deadline: now + Math.max(actionLimitMs, neededMs), takesMs: neededMs }
  }
  const openFor = question.openings()
  const passing: Change[] = []
  let takesMs = wakeMs + warningMs(question)
  let end = Number.POSITIVE_INFINITY
  let closed: Extract<Opening, { open: false }> | undefined

  if (wake && mustLook) {
    const opening = openFor('quiet', takesMs)
    if (!opening.open) return hold(opening.reason, opening.until)
    end = opening.until
  }
  for (const change of changes) {
    const first = !passing.some((one) => one.facet === change.facet)
    const withItMs = takesMs + estimate.changeMs(change, first)
    const opening = openFor(change.effect, withItMs)
    if (!opening.open) {
      if (closed === undefined || opensAt(opening) < opensAt(closed)) closed = opening
    } else if (now + withItMs <= Math.min(end, opening.until)) {
      end = Math.min(end, opening.until)
      takesMs = withItMs
      passing.push(change)
    }
  }
  if (passing.length === 0 && closed !== undefined) return hold(closed.reason, closed.until)
  const deadline = Math.min(end, now + Math.max(actionLimitMs, takesMs))
  return { kind: 'pass', changes: passing, deadline, takesMs }
}

/** Whoever asked is at the PC, or speaks for those who are: neither a window nor a session is in the way. */
const isAskedForAlone = (changes: readonly Change[]): boolean =>
  changes.length > 0 && changes.every(isAskedFor)

const opensAt = (closed: { readonly until?: Instant }): number => closed.until ?? Number.POSITIVE_INFINITY

function judgeOccupied(question: Question, changes: readonly Change[]): Verdict {
  const policy = question.machine.profile.inUse
  if (isAskedForAlone(changes)) return { kind: 'pass', changes }
  if (!isOccupied(question)) {
    // The last look may be minutes old: whether somebody has logged in since, the PC itself is asked as the action starts.
    const anyTime = policy.kind === 'quiet' && changes.every((change) => change.effect === 'quiet')
    // A PC that is woken for its disk is not looked at again before that: somebody may have turned it on.
    const onlyWoken = question.wake && !changes.some(isImagerChange)
    return anyTime || onlyWoken ? { kind: 'pass', changes } : { kind: 'pass', changes, unoccupied: true }
  }
  switch (policy.kind) {
    case 'wait':
      return hold(occupied)
    case 'quiet': {
      const quiet = changes.filter((change) => change.effect === 'quiet')
      return quiet.length > 0 ? { kind: 'pass', changes: quiet } : hold(occupied)
    }
    case 'warn':
      return { kind: 'pass', changes, warnMs: policy.delayMs }
  }
}

function judgeCapacity(question: Question, changes: readonly Change[]): Verdict {
  const { machine, site, wake, loads } = question
  const refusal = loads.refusal(machine, site, { changes, wake })
  return refusal === undefined ? { kind: 'pass', changes } : hold(refusal.reason, refusal.until)
}

/** The sessions of a machine that is off, or that runs the imager, ended with its system. */
const isOccupied = ({ observed, wake }: Question): boolean =>
  !wake && observed?.reach !== 'imager' && (observed?.facts?.sessions.length ?? 0) > 0

/** The delay that the user is given counts: the window must still be open after it. */
function warningMs(question: Question): number {
  const policy = question.machine.profile.inUse
  return policy.kind === 'warn' && isOccupied(question) ? policy.delayMs : 0
}

const hopelessFirst = (one: Backoff, other: Backoff): number =>
  Number(other.class === 'terminal') - Number(one.class === 'terminal')

const stall = (reason: Reason, until?: Instant): Verdict =>
  until === undefined ? { kind: 'stall', reason } : { kind: 'stall', reason, until }

const hold = (reason: Reason, until?: Instant): Verdict =>
  until === undefined ? { kind: 'hold', reason } : { kind: 'hold', reason, until }
