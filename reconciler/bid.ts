/** What a machine would do now if it were alone, and what becomes of it when its turn has come. */
import type { DesiredMachine } from '../specs/desired.ts'
import { createAction } from './action.ts'
import { gates, seenAt } from './gates.ts'
import type { Change } from './model/change.ts'
import type { Instant } from './model/ids.ts'
import type { Observed } from './model/observed.ts'
import type { Decision } from './model/plan.ts'
import { wakeUp } from './no-show.ts'
import type { Pass } from './pass.ts'
import type { Question } from './question.ts'

/** It has passed all gates but the last, that of what is scarce. */
export type Bid = {
  readonly question: Question
  readonly observed: Observed
  readonly changes: readonly Change[]
  /** It is off: woken for these changes, or into the imager, in which they are made at once. */
  readonly wake: 'to-look' | 'to-change' | 'to-image' | undefined
  readonly deadline: Instant
  readonly takesMs: number
  readonly warnMs?: number
  readonly unoccupied?: true
}

export type Wish = {
  readonly kind: 'wish'
  readonly machine: DesiredMachine
  /** What it would do, the best first. At least one. */
  readonly bids: readonly Bid[]
  /** What is told if none of them may start; undefined: why the first may not. */
  readonly otherwise?: Decision
  /** All that it wants, if that is more than what the first bid is about. */
  readonly changes?: readonly Change[]
}

/** Its turn has come: the first of its bids for which there is room becomes an action, and takes its share. */
export function takeTurn(pass: Pass, wish: Wish): Decision {
  let told = wish.otherwise
  for (const bid of wish.bids) {
    const refused = refusalOf(bid)
    if (refused === undefined) {
      pass.loads.add(wish.machine, { changes: bid.changes, wake: bid.wake !== undefined })
      return started(pass, bid)
    }
    told ??= refused
  }
  if (told === undefined) throw new Error(`${wish.machine.id} has a wish without a bid`)
  return wish.changes === undefined || !('changes' in told) ? told : { ...told, changes: wish.changes }
}

function refusalOf({ question, changes, wake }: Bid): Decision | undefined {
  for (const gate of gates) {
    if (gate.guards !== 'turn') continue
    const verdict = gate.judge(question, changes)
    if (verdict.kind === 'pass') continue
    const { kind, reason, until } = verdict
    const told = { reason, changes: shown(changes, wake), ...(until === undefined ? {} : { until }) }
    return kind === 'hold' ? { kind: 'held', by: gate.name, ...told } : { kind: 'stalled', ...told }
  }
  return undefined
}

function started(pass: Pass, bid: Bid): Decision {
  const { question, observed, changes, wake, deadline, takesMs, warnMs, unoccupied } = bid
  const action = createAction(
    question.machine.id,
    wake === undefined || wake === 'to-image' ? changes : [wakeUp],
    pass.input.target,
    wake === undefined ? seenAt(observed) : observed.observedAt,
    {
      deadline,
      ...(warnMs === undefined ? {} : { warnMs }),
      ...(unoccupied === undefined ? {} : { unoccupied }),
    },
    pass.digest,
  )
  return { kind: 'act', action, takesMs }
}

/** What is held: waking alone only if it is not known yet what it is for. */
export const shown = (changes: readonly Change[], wake: Bid['wake']): readonly Change[] =>
  wake !== undefined && changes.length === 0 ? [wakeUp] : changes
