/**
 * What to do next, for every machine of the park: the one place where that is decided.
 *
 * Each machine falls into a bucket by what the last look found, its differences are computed, and the gates are asked in
 * their order. The first that lets nothing pass is the decision; what passes all of them becomes an action. Nothing is left
 * to be chosen when the plan is executed.
 */
import type { DesiredMachine } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import { createAction, hash, rememberingHash } from './action.ts'
import { type Loads, loadsInFlight } from './capacity.ts'
import { changeKey, type Difference, diff } from './diff.ts'
import { actionLimitMs } from './duration.ts'
import { gates, wakeUp } from './gates.ts'
import type { Change } from './model/change.ts'
import type { Instant, MachineId, PlanId } from './model/ids.ts'
import type { Facts, Observed } from './model/observed.ts'
import type { Decision, Plan, PlanInput, Target } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import { type diffPackages, rememberingDiff } from './package-diff.ts'
import { type Pauses, pausesAt } from './pause.ts'
import type { Question } from './question.ts'
import { createOpenings } from './window.ts'

/** What one pass works out once for all machines. */
type Pass = {
  readonly input: PlanInput
  readonly pauses: Pauses
  readonly openings: ReturnType<typeof createOpenings>
  readonly loads: Loads
  readonly digest: (text: string) => string
  readonly packages: typeof diffPackages
}

/**
 * Pure: equal inputs give equal plans, whatever the order of their maps and lists. Machines are served in the order of
 * their ids, which is what makes a scarce capacity's winners the same in every process.
 */
export function plan(input: PlanInput): Plan {
  const pass: Pass = {
    input,
    pauses: pausesAt(input.pauses, input.now),
    openings: createOpenings(input.now),
    loads: loadsInFlight(input.history, input.inventory),
    digest: rememberingHash(),
    packages: rememberingDiff(),
  }
  const decisions = new Map<MachineId, Decision>()
  for (const id of [...input.desired.machines.keys()].sort()) {
    const machine = input.desired.machines.get(id)
    if (machine === undefined) continue
    const decision = decide(pass, machine)
    decisions.set(id, decision)
    if (decision.kind === 'act')
      pass.loads.add(machine.site, isWake(decision.action.changes) ? 'wakes' : 'actions')
  }
  const { target, now: at } = input
  return { id: planId(target, decisions), target, at, decisions, unmanaged: unmanaged(input) }
}

function decide(pass: Pass, machine: DesiredMachine): Decision {
  if (machine.profile.os !== 'debian') return { kind: 'unknown', reason: notYetOnWindows }
  const observed = pass.input.inventory.get(machine.id)
  switch (observed?.reach) {
    case undefined:
      return walk(pass, machine, observed, nothing, undefined)
    case 'silent':
      return decideSilent(observed)
    case 'imager':
      return { kind: 'unknown', reason: inImager }
    case 'off':
      return decideOff(pass, machine, observed)
    case 'up':
      return decideUp(pass, machine, observed)
  }
}

function decideUp(pass: Pass, machine: DesiredMachine, observed: Observed): Decision {
  const { facts } = observed
  if (facts === undefined) return { kind: 'unknown', reason: observed.errors[0] ?? notRead }
  const difference = diff(machine, facts, appliedTo(pass, machine), pass.packages)
  if (difference.unread.length > 0) return { kind: 'unknown', reason: observed.errors[0] ?? notRead }
  return walk(pass, machine, observed, difference, undefined)
}

/** Off is normal: nothing is wanted of a PC that was right when it was last on. */
function decideOff(pass: Pass, machine: DesiredMachine, observed: Observed): Decision {
  const { facts } = observed
  if (facts === undefined) return walk(pass, machine, observed, nothing, 'to-look')
  const difference = onceOn(machine, diff(machine, facts, appliedTo(pass, machine), pass.packages))
  // It was on and could not be read: to wake it again would show the same.
  if (difference.unread.length > 0) return { kind: 'unknown', reason: notRead }
  const toDo = difference.changes.length > 0 ? 'to-change' : undefined
  const wake = difference.unasked.length > 0 ? 'to-look' : toDo
  return walk(pass, machine, observed, difference, wake, facts)
}

/** A machine that would not be read may be anything; one whose host key is not the pinned one must not even be asked. */
function decideSilent(observed: Observed): Decision {
  const refused = observed.errors.find((error) => error.code.startsWith('host-key-'))
  if (refused !== undefined) return { kind: 'stalled', reason: refused, changes: [] }
  return { kind: 'unknown', reason: observed.errors[0] ?? notRead }
}

/** Asks the gates, in order, what of the differences may be made good now. */
function walk(
  pass: Pass,
  machine: DesiredMachine,
  observed: Observed | undefined,
  difference: Difference,
  wake: 'to-look' | 'to-change' | undefined,
  lastSeen?: Facts,
): Decision {
  const question = ask(pass, machine, observed, difference, wake)
  const wanted = difference.changes.length > 0 || wake !== undefined
  let changes = difference.changes
  let deadline: Instant | undefined
  let warnMs: number | undefined
  let unoccupied: true | undefined
  for (const gate of gates) {
    if (gate.guards === 'changes' && !wanted) continue
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
        warnMs = verdict.warnMs ?? warnMs
        unoccupied = verdict.unoccupied ?? unoccupied
    }
  }
  if (!wanted || observed === undefined) return settled(difference, observed, lastSeen)
  const decidedFrom = wake === undefined ? (observed.facts?.at ?? observed.observedAt) : observed.observedAt
  const action = createAction(
    machine.id,
    wake === undefined ? changes : [wakeUp],
    pass.input.target,
    decidedFrom,
    {
      deadline: deadline ?? pass.input.now + actionLimitMs,
      ...(warnMs === undefined ? {} : { warnMs }),
      ...(unoccupied === undefined ? {} : { unoccupied }),
    },
    pass.digest,
  )
  return { kind: 'act', action }
}

/** Nothing more can be done: all is as wanted, or what is left is out of reach for any action. */
function settled(
  difference: Difference,
  observed: Observed | undefined,
  lastSeen: Facts | undefined,
): Decision {
  if (difference.unanswered.length > 0) return { kind: 'unknown', reason: observed?.errors[0] ?? notRead }
  const [impossible] = difference.impossible
  if (impossible !== undefined) return { kind: 'stalled', reason: impossible, changes: [] }
  const converged = { kind: 'converged', reported: difference.reported } as const
  return lastSeen === undefined ? converged : { ...converged, lastSeen: lastSeen.at }
}

function ask(
  pass: Pass,
  machine: DesiredMachine,
  observed: Observed | undefined,
  difference: Difference,
  wake: 'to-look' | 'to-change' | undefined,
): Question {
  const { desired, history, freshMs, now } = pass.input
  const site = desired.sites.get(machine.site)
  if (site === undefined)
    throw new Error(`${machine.id} belongs to ${machine.site}, which is not in the park`)
  return {
    machine,
    site,
    observed,
    history: history.get(machine.id),
    wake: wake !== undefined,
    mustLook: wake === 'to-look' || difference.unasked.length > 0,
    pauses: pass.pauses,
    load: pass.loads.of(machine.site),
    freshMs,
    now,
    openings: () => pass.openings(machine.profile.windows, site.timezone),
  }
}

/** What would be left to do if the machine were switched on: starting it is the restart that it asks for, and runs its scripts for each boot. */
function onceOn(machine: DesiredMachine, difference: Difference): Difference {
  const atBoot = (change: Change): boolean =>
    change.facet === 'power' ||
    (change.facet === 'scripts' && machine.profile.scripts.get(change.item)?.trigger.kind === 'boot')
  return { ...difference, changes: difference.changes.filter((change) => !atBoot(change)) }
}

const appliedTo = (pass: Pass, machine: DesiredMachine) => pass.input.history.get(machine.id)?.applied ?? {}

const isWake = (changes: readonly Change[]): boolean =>
  changes[0]?.facet === 'power' && changes[0].item === 'wake'

/** What is held: waking alone only if it is not known yet what it is for. */
const shown = (changes: readonly Change[], wake: 'to-look' | 'to-change' | undefined): readonly Change[] =>
  wake !== undefined && changes.length === 0 ? [wakeUp] : changes

function unmanaged({ desired, inventory, history }: PlanInput): readonly MachineId[] {
  const left = new Set<MachineId>()
  for (const known of [inventory, history])
    for (const id of known.keys()) if (!desired.machines.has(id)) left.add(id)
  return [...left].sort()
}

function planId(target: Target, decisions: ReadonlyMap<MachineId, Decision>): PlanId {
  const lines = [`${target.fence.epoch} ${target.fence.generation} ${target.revision} ${target.desired}`]
  for (const [id, decision] of decisions) lines.push(`${id} ${decision.kind} ${gist(decision)}`)
  return hash(lines.join('\n')) as PlanId
}

/** What makes a decision differ from another. */
function gist(decision: Decision): string {
  switch (decision.kind) {
    case 'converged':
      return `${decision.lastSeen ?? ''} ${keys(decision.reported)}`
    case 'act':
      return `${decision.action.id} ${decision.action.deadline} ${decision.action.warnMs ?? ''}`
    case 'held':
      return `${decision.by} ${decision.until ?? ''} ${gistOfReason(decision.reason)} ${keys(decision.changes)}`
    case 'unknown':
      return gistOfReason(decision.reason)
    case 'stalled':
      return `${decision.until ?? ''} ${gistOfReason(decision.reason)} ${keys(decision.changes)}`
  }
}

const gistOfReason = ({ code, message, detail }: Reason): string => JSON.stringify([code, message.en, detail])

const keys = (changes: readonly Change[]): string => JSON.stringify(changes.map(changeKey))

const nothing: Difference = {
  changes: [],
  reported: [],
  unread: [],
  unasked: [],
  unanswered: [],
  impossible: [],
}

const notYetOnWindows: Reason = {
  code: 'os-not-supported-yet',
  message: say(
    'This version does not look after Windows PCs yet: the spec is kept, and nothing is done to the machine.',
    'Cette version ne gère pas encore les postes Windows\u00a0: la spécification est conservée et le poste n’est pas modifié.',
  ),
}

const inImager: Reason = {
  code: 'in-imager',
  message: say(
    'The machine runs the imaging system; it is looked at again once its own system has started.',
    'Le poste exécute le système de déploiement d’images\u00a0; il sera examiné dès que son propre système aura démarré.',
  ),
}

const notRead: Reason = {
  code: 'not-read',
  message: say(
    'The machine could not be read completely, so nothing is decided on it.',
    'Le poste n’a pas pu être examiné entièrement\u00a0: aucune décision n’est prise à son sujet.',
  ),
}
