/** Lets the rollout under way go on: after each plan, when somebody orders something, and when its time has come. */
import type { Instant, MachineId } from '../model/ids.ts'
import type { Steering } from '../model/rollout.ts'
import { advance } from '../rollout.ts'
import { isQuiet } from '../rollout-quiet.ts'
import { orderTooLate } from '../rollout-reasons.ts'
import type { Evidence } from '../rollout-standing.ts'
import type { NewEvent } from '../store/store.ts'
import type { LoopParts, Settings } from './loop-parts.ts'
import { never } from './loop-parts.ts'
import { eventOf } from './rollout-begin.ts'
import { createRunningTally } from './running-tally.ts'
import { emptyLog, readTries, type TryLog } from './steering.ts'
import type { Targeting } from './target.ts'

export type Steerer = {
  /** Something was decided anew, or (`now`) an action has ended: it may change where the rollout stands. */
  mark(urgency?: 'soon' | 'now'): void
  /** What was tried since the rollout began is read before machines are planned. */
  refresh(): Promise<void>
  /** One step, if it is time for one; true if the target moved. */
  step(evidence: ChangingEvidence): Promise<boolean>
  /** Whether what was decided since may let it go on at once. */
  isDue(): boolean
  nextAt(): Instant
}

/** Of the whole park, as it is at any time. */
export type ChangingEvidence = Evidence & {
  /** Those of whom something was decided or seen since this was asked last. */
  changed(): Iterable<MachineId>
}

/** Looks come in by the dozen: one step answers them together. */
const leastRestMs = 1_000

export const createSteerer = (
  parts: Pick<LoopParts, 'store' | 'clock' | 'onProgress'>,
  settings: Pick<Settings, 'actor' | 'requestsEveryMs' | 'gatherMs'>,
  targeting: Targeting,
): Steerer => {
  const { store, clock, onProgress } = parts
  const restMs = Math.max(leastRestMs, 5 * settings.gatherMs)
  let isMarked = true
  let isUrgent = false
  let lastAt: Instant = Number.NEGATIVE_INFINITY
  let lookAgainAt: Instant = never
  let log: TryLog | undefined
  const tally = createRunningTally()

  const current = (): Steering | undefined => targeting.standing()?.steering

  const refresh = async (): Promise<void> => {
    const steering = current()
    if (steering === undefined) return
    if (log?.of !== steering.rollout.id) log = emptyLog(steering.rollout)
    for (const machine of await readTries(store, steering, log)) tally.touch(machine)
    if (steering.attempts !== log.attempts) targeting.note({ ...steering, attempts: log.attempts })
  }

  /** What was ordered of a rollout that is over by now. */
  const answerLateOrders = async (): Promise<void> => {
    const orders = await store.rolloutOrders()
    const standing = targeting.standing()
    if (orders.length === 0 || standing === undefined) return
    const events = orders.map(
      ({ id, kind, who }): NewEvent => ({
        at: clock.now(),
        kind: 'rollout-order-refused',
        actor: who,
        message: orderTooLate.message,
        data: { id, order: kind, code: orderTooLate.code },
      }),
    )
    await store.moveRollout(
      { rollouts: [], served: orders.map(({ id }) => id) },
      standing.target.fence,
      events,
    )
  }

  const step = async (evidence: ChangingEvidence): Promise<boolean> => {
    const now = clock.now()
    if (now < nextAt()) return false
    isMarked = false
    isUrgent = false
    lastAt = now
    lookAgainAt = never
    if (current() === undefined) {
      await answerLateOrders()
      return false
    }
    await refresh()
    const steering = current()
    const standing = targeting.standing()
    if (steering === undefined || standing === undefined) return false
    const { epoch, generation } = standing.target.fence
    const supersededBy = targeting.candidate()
    for (const machine of evidence.changed()) tally.touch(machine)
    const result = advance({
      steering,
      orders: await store.rolloutOrders(),
      count: (of) => tally.count(of, evidence, now),
      isQuiet: steering.rollout.policy.rollback === 'quiet' && isQuiet(steering),
      nextFence: { epoch, generation: generation + 1 },
      now,
      ...(supersededBy === undefined ? {} : { supersededBy }),
    })
    lookAgainAt = result.lookAgainAt ?? never
    onProgress?.({ kind: 'rollout', rollout: result.rollout, tally: result.tally })
    if (result.moves === 'nothing') return false
    const events = result.news.map((one) => eventOf(one, result.rollout, now, settings.actor))
    const next = { ...steering, rollout: result.rollout }
    if (result.moves === 'target') return targeting.follow(next, result.served, events)
    const move = { rollouts: [result.rollout], served: result.served }
    if (await store.moveRollout(move, standing.target.fence, events)) targeting.note(next)
    return false
  }

  const nextAt = (): Instant => {
    if (targeting.standing() === undefined) return never
    const asked = lastAt + settings.requestsEveryMs
    if (current() === undefined) return asked
    if (isUrgent) return lastAt
    return Math.min(asked, lookAgainAt, isMarked ? lastAt + restMs : never)
  }

  return {
    mark: (urgency = 'soon') => {
      isMarked = true
      isUrgent ||= urgency === 'now'
    },
    refresh,
    step,
    isDue: () => isMarked && current() !== undefined,
    nextAt,
  }
}
