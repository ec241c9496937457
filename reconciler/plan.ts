/**
 * What to do next, for every machine of the park: the one place where that is decided.
 *
 * Each machine falls into a bucket by what the last look found, its differences are computed, and the gates are asked in
 * their order. The first that lets nothing pass is the decision; what passes all of them becomes an action. Nothing is left
 * to be chosen when the plan is executed.
 */
import type { DesiredMachine } from '../specs/desired.ts'
import { hash } from './action.ts'
import { noLoad } from './capacity.ts'
import type { Work } from './capacity-use.ts'
import { decide } from './decide.ts'
import { changeKey } from './diff.ts'
import type { Change } from './model/change.ts'
import type { MachineId, PlanId } from './model/ids.ts'
import type { Decision, Plan, PlanInput, Target } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import { type Pass, startPass } from './pass.ts'
import { type Contender, inTurn } from './turns.ts'

/**
 * Pure: equal inputs give equal plans, whatever the order of their maps and lists. Each machine is decided as if it were
 * alone; those that would act then take their turns at what is scarce, in an order that is the same in every process.
 */
export function plan(input: PlanInput): Plan {
  const pass = startPass(input)
  const alone = { ...pass, loads: noLoad }
  const decisions = new Map<MachineId, Decision>()
  const contenders: Contender[] = []
  for (const id of [...input.desired.machines.keys()].sort()) {
    const machine = input.desired.machines.get(id)
    if (machine === undefined) continue
    const decision = decide(alone, machine)
    decisions.set(id, decision)
    if (decision.kind === 'act') contenders.push({ machine, decision, history: input.history.get(id) })
  }
  for (const { machine } of inTurn(contenders, pass.loads.outOfUse)) {
    const decision = decide(pass, machine)
    decisions.set(machine.id, decision)
    if (decision.kind === 'act') pass.loads.add(machine, workOf(pass, machine, decision.action.changes))
  }
  const { target, now: at } = input
  return { id: planId(target, decisions), target, at, decisions, unmanaged: unmanaged(input) }
}

const workOf = ({ input }: Pass, { id }: DesiredMachine, changes: readonly Change[]): Work => ({
  changes,
  wake: input.inventory.get(id)?.reach === 'off',
})

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
