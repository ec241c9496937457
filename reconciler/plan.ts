/**
 * What to do next, for every machine of the park: the one place where that is decided.
 *
 * Each machine falls into a bucket by what the last look found, its differences are computed, and the gates are asked in
 * their order. The first that lets nothing pass is the decision; what passes all of them becomes an action. Nothing is left
 * to be chosen when the plan is executed.
 */
import type { DesiredMachine } from '../specs/desired.ts'
import { hash } from './action.ts'
import { decide } from './decide.ts'
import { changeKey } from './diff.ts'
import { loadsOf } from './gates.ts'
import type { Change } from './model/change.ts'
import type { MachineId, PlanId } from './model/ids.ts'
import type { Decision, Plan, PlanInput, Target } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import { type Pass, startPass } from './pass.ts'

/**
 * Pure: equal inputs give equal plans, whatever the order of their maps and lists. Machines are served in the order of
 * their ids, which is what makes a scarce capacity's winners the same in every process.
 */
export function plan(input: PlanInput): Plan {
  const pass = startPass(input)
  const decisions = new Map<MachineId, Decision>()
  for (const id of [...input.desired.machines.keys()].sort()) {
    const machine = input.desired.machines.get(id)
    if (machine === undefined) continue
    const decision = decide(pass, machine)
    decisions.set(id, decision)
    if (decision.kind === 'act') addLoads(pass, machine, decision.action.changes)
  }
  const { target, now: at } = input
  return { id: planId(target, decisions), target, at, decisions, unmanaged: unmanaged(input) }
}

function addLoads({ input, loads }: Pass, { id, site }: DesiredMachine, changes: readonly Change[]): void {
  const wake = input.inventory.get(id)?.reach === 'off'
  for (const kind of loadsOf(changes, wake)) loads.add(site, kind)
}

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
