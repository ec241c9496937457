/** When a change that failed may be tried again. */
import type { Profile } from '../specs/desired.ts'
import type { ChangeKey, Instant } from './model/ids.ts'
import type { Backoff, FailureClass } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import { isNoShow } from './no-show.ts'

export type Failure = { readonly key: ChangeKey; readonly class: FailureClass; readonly reason: Reason }

export type RetryPolicy = Profile['retry']

/** Waiting is nobody's fault and asks little: soon again at first, every ten minutes in the end, for ever. */
const firstWaitMs = 15_000
const longestWaitMs = 600_000
/** One that does not come when it is called takes a place from those that would, and the next call will hardly help. */
const longestAbsenceMs = 7_200_000

/**
 * What to remember after a failure. `random` is uniform in [0, 1).
 *
 * `retry` doubles from `baseMs` to `capMs` with full jitter, so that a room whose PCs failed together does not come back
 * together. A `wait` between two `retry` failures does not count as an attempt and does not forget those made:
 * a PC that is switched off every other time would else never stall.
 */
export function nextBackoff(
  previous: Backoff | undefined,
  failure: Failure,
  policy: RetryPolicy,
  now: Instant,
  random: () => number,
): Backoff {
  const { key, reason } = failure
  switch (failure.class) {
    case 'wait': {
      if (previous?.class === 'retry') {
        return { ...previous, reason, notBefore: now + waitMs(1, random) }
      }
      const attempts = previous?.class === 'wait' ? previous.attempts + 1 : 1
      return {
        key,
        attempts,
        class: 'wait',
        notBefore: now + waitMs(attempts, random, longestOf(reason)),
        reason,
      }
    }
    case 'retry': {
      const attempts = previous?.class === 'retry' ? previous.attempts + 1 : 1
      const delayMs = Math.floor(random() * doubled(policy.baseMs, attempts, policy.capMs))
      return { key, attempts, class: 'retry', notBefore: now + delayMs, reason }
    }
    case 'terminal':
      return { key, attempts: (previous?.attempts ?? 0) + 1, class: 'terminal', notBefore: now, reason }
  }
}

/** Only a person or another commit helps. Asked of the policy as it is now: more attempts in the specs set it going again. */
export function isStalled(backoff: Backoff, policy: RetryPolicy): boolean {
  switch (backoff.class) {
    case 'wait':
      return false
    case 'retry':
      return backoff.attempts >= policy.attempts
    case 'terminal':
      return true
  }
}

const longestOf = (reason: Reason): number => (isNoShow(reason) ? longestAbsenceMs : longestWaitMs)

const waitMs = (attempts: number, random: () => number, longestMs = longestWaitMs): number => {
  const ceilingMs = doubled(firstWaitMs, attempts, longestMs)
  return Math.floor(ceilingMs / 2 + (random() * ceilingMs) / 2)
}

/** 2^30 is beyond any cap; more would leave the integers. */
const doubled = (baseMs: number, attempts: number, capMs: number): number =>
  Math.min(capMs, baseMs * 2 ** Math.min(attempts - 1, 30))
