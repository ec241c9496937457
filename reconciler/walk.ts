/** Asks the gates, in their order, what of a machine's differences may be made good now. */
import type { DesiredMachine } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import { type Bid, shown, type Wish } from './bid.ts'
import { changeKey, type Difference, diff } from './diff.ts'
import { actionLimitMs } from './duration.ts'
import { gates } from './gates.ts'
import type { ChangeKey, Instant } from './model/ids.ts'
import type { Observed } from './model/observed.ts'
import type { Decision } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import { type Pass, siteOf } from './pass.ts'
import type { Question } from './question.ts'
import { rolloutHold } from './rollout-gate.ts'

/** How a walk through the gates differs from that of a machine that is on and was read. */
export type WalkTerms = {
  /** It is off: woken to be looked at, to be looked at and then changed, or into the imager, in which the change is made at once. */
  readonly wake?: NonNullable<Bid['wake']>
  readonly diskUnread?: boolean
  /** It is off, and was as it is told when last read. */
  readonly lastSeen?: Instant
}

/** The first gate that lets nothing pass is the decision; what passes all of them takes its turn at what is scarce. */
export function walk(
  pass: Pass,
  machine: DesiredMachine,
  observed: Observed | undefined,
  difference: Difference,
  terms: WalkTerms = {},
): Decision | Wish {
  const { wake, lastSeen } = terms
  const question = ask(pass, machine, observed, difference, terms)
  const wanted = difference.changes.length > 0 || wake !== undefined
  let changes = difference.changes
  let deadline: Instant | undefined
  let takesMs = 0
  let warnMs: number | undefined
  let unoccupied: true | undefined
  for (const gate of gates) {
    if (gate.guards === 'turn' || (gate.guards === 'changes' && !wanted)) continue
    const verdict = gate.judge(question, changes)
    switch (verdict.kind) {
      case 'hold': {
        const held = {
          kind: 'held',
          by: gate.name,
          reason: verdict.reason,
          changes: shown(changes, wake),
        } as const
        return verdict.until === undefined ? held : { ...held, until: verdict.until }
      }
      case 'stall': {
        const stalled = {
          kind: 'stalled',
          reason: verdict.reason,
          changes: shown(changes, wake),
        } as const
        return verdict.until === undefined ? stalled : { ...stalled, until: verdict.until }
      }
      case 'pass':
        changes = verdict.changes
        deadline = verdict.deadline ?? deadline
        takesMs = verdict.takesMs ?? takesMs
        warnMs = verdict.warnMs ?? warnMs
        unoccupied = verdict.unoccupied ?? unoccupied
    }
  }
  if (!wanted || observed === undefined) return settled(difference, observed, lastSeen)
  const bid: Bid = {
    question,
    observed,
    changes,
    wake,
    deadline: deadline ?? pass.input.now + actionLimitMs,
    takesMs,
    ...(warnMs === undefined ? {} : { warnMs }),
    ...(unoccupied === undefined ? {} : { unoccupied }),
  }
  return { kind: 'wish', machine, bids: [bid] }
}

/** Nothing more can be done: all is as wanted, or what is left is out of reach for any action. */
function settled(
  difference: Difference,
  observed: Observed | undefined,
  lastSeen: Instant | undefined,
): Decision {
  if (difference.unanswered.length > 0) return { kind: 'unknown', reason: observed?.errors[0] ?? notRead }
  const [impossible] = difference.impossible
  if (impossible !== undefined) return { kind: 'stalled', reason: impossible, changes: [] }
  const converged = { kind: 'converged', reported: difference.reported } as const
  return lastSeen === undefined ? converged : { ...converged, lastSeen }
}

function ask(
  pass: Pass,
  machine: DesiredMachine,
  observed: Observed | undefined,
  difference: Difference,
  { wake, diskUnread = false }: WalkTerms,
): Question {
  const { history, freshMs, now } = pass.input
  const site = siteOf(pass, machine)
  return {
    machine,
    site,
    observed,
    history: history.get(machine.id),
    wake: wake !== undefined,
    mustLook: wake === 'to-look' || difference.unasked.length > 0,
    diskUnread,
    awaited: pass.input.awaited,
    rollout: holdOf(pass, machine),
    wantedBefore: (change) => wantedBefore(pass, machine, observed).has(changeKey(change)),
    pauses: pass.pauses,
    loads: pass.loads,
    freshMs,
    now,
    openings: () => pass.openings(machine.profile.windows, site.timezone),
    estimate: () => pass.estimates(site, observed?.facts?.hardware),
  }
}

const holdOf = ({ input: { steering } }: Pass, machine: DesiredMachine) =>
  steering && rolloutHold(steering, machine)

/** What the revision before wants of the machine as it is. */
function wantedBefore(
  { input: { steering, history } }: Pass,
  { id }: DesiredMachine,
  observed: Observed | undefined,
): ReadonlySet<ChangeKey> {
  const before = steering?.base?.machines.get(id)
  const facts = observed?.facts
  if (before === undefined || facts === undefined) return new Set()
  const { changes } = diff(before, facts, history.get(id)?.applied ?? {})
  return new Set(changes.map(changeKey))
}

export const nothing: Difference = {
  changes: [],
  reported: [],
  unread: [],
  unasked: [],
  unanswered: [],
  impossible: [],
}

export const notRead: Reason = {
  code: 'not-read',
  message: say(
    'The machine could not be read completely, so nothing is decided on it.',
    'Le poste n’a pas pu être examiné entièrement\u00a0: aucune décision n’est prise à son sujet.',
  ),
}
