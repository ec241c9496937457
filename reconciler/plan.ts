/**
 * What to do next, for every machine of the park: the one place where that is decided.
 *
 * Each machine falls into a bucket by what the last look found, its differences are computed, and the gates are asked in
 * their order. The first that lets nothing pass is the decision; what passes all of them becomes an action. Nothing is left
 * to be chosen when the plan is executed.
 */
import type { DesiredMachine } from '../specs/desired.ts'
import { takeTurn, type Wish } from './bid.ts'
import { decide } from './decide.ts'
import type { MachineId } from './model/ids.ts'
import type { Decision, Plan, PlanInput } from './model/plan.ts'
import { type Pass, siteOf, startPass } from './pass.ts'
import { planIdOf } from './plan-sum.ts'
import { inTurn } from './turns.ts'

/**
 * Pure: equal inputs give equal plans, whatever the order of their maps and lists. Each machine is decided as if it were
 * alone; those that would act then take their turns at what is scarce, in an order that is the same in every process.
 */
export function plan(input: PlanInput): Plan {
  const { decisions } = decideAnew(input, input.desired.machines.keys())
  const { target, now: at } = input
  return { id: planIdOf(target, decisions), target, at, decisions, unmanaged: unmanaged(input) }
}

export type Decided = {
  /** In the order of the machines' ids; those of the queue that were asked come last. */
  readonly decisions: ReadonlyMap<MachineId, Decision>
  /** Held by capacity, in the order in which they are to be served. */
  readonly queue: readonly MachineId[]
}

/** How many of a lycée's queue may be refused in a row before the rest is taken to be refused as well. */
const refusalsInRow = 16

/**
 * The decisions on these machines alone; what is scarce is shared among them, after all that is in flight. What they leave is
 * for `queues`, one for each lycée: machines that were held by nothing but capacity, in the order in which they are to be served.
 * @param before what was decided of them last: one that wants only what the lycée has no room for is not asked again.
 */
export function decideAnew(
  input: PlanInput,
  machines: Iterable<MachineId>,
  queues: Iterable<Iterable<MachineId>> = [],
  before: ReadonlyMap<MachineId, Decision> = new Map(),
): Decided {
  const pass = startPass(input)
  const answers = new Map<MachineId, Decision | Wish>()
  const queue: MachineId[] = []
  for (const id of [...machines].sort()) {
    const machine = input.desired.machines.get(id)
    if (machine !== undefined) answers.set(id, decide(pass, machine))
  }
  const take = (wish: Wish): Decision => {
    const decision = takeTurn(pass, wish)
    if (isQueued(decision)) queue.push(wish.machine.id)
    return decision
  }
  const wishes = [...answers.values()].filter((answer) => answer.kind === 'wish')
  const granted = new Map<Wish, Decision>()
  for (const wish of inTurn(wishes, pass.loads.outOfUse)) granted.set(wish, take(wish))
  const decisions = new Map<MachineId, Decision>()
  for (const [id, answer] of answers) {
    const decision = answer.kind === 'wish' ? granted.get(answer) : answer
    if (decision !== undefined) decisions.set(id, decision)
  }
  for (const waiting of queues) {
    let refusals = 0
    for (const id of waiting) {
      const machine = decisions.has(id) ? undefined : input.desired.machines.get(id)
      if (machine === undefined || isStillHeld(pass, machine, before.get(id))) continue
      const answer = decide(pass, machine)
      const decision = answer.kind === 'wish' ? take(answer) : answer
      decisions.set(id, decision)
      refusals = isQueued(decision) ? refusals + 1 : 0
      if (refusals >= refusalsInRow) break
    }
  }
  return { decisions, queue }
}

const isQueued = (decision: Decision): boolean => decision.kind === 'held' && decision.by === 'capacity'

function isStillHeld(pass: Pass, machine: DesiredMachine, before: Decision | undefined): boolean {
  if (before?.kind !== 'held' || before.by !== 'capacity') return false
  const wake = pass.input.inventory.get(machine.id)?.reach === 'off'
  return pass.loads.mustWait(siteOf(pass, machine), { changes: before.changes, wake })
}

/** Seen, or remembered, and in no spec. */
export function unmanaged({
  desired,
  inventory,
  history,
}: Pick<PlanInput, 'desired' | 'inventory' | 'history'>): readonly MachineId[] {
  const left = new Set<MachineId>()
  for (const known of [inventory, history])
    for (const id of known.keys()) if (!desired.machines.has(id)) left.add(id)
  return [...left].sort()
}
