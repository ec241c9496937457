import type { Instant, MachineId } from '../model/ids.ts'
import type { Observed } from '../model/observed.ts'
import type { Plan } from '../model/plan.ts'

/** Between two looks at a machine that the plan finds wanting: what one look did not tell, the next at once will not either. */
const lookAgainMs = 15_000

/** Which machines must be looked at before anything can be decided on them, and when: a new script's check was never asked, an action runs that was started elsewhere. */
export const wantedLooks = (
  plan: Plan,
  inventory: ReadonlyMap<MachineId, Observed>,
): readonly { readonly machine: MachineId; readonly at: Instant }[] => {
  const looks: { machine: MachineId; at: Instant }[] = []
  for (const [machine, decision] of plan.decisions) {
    if (decision.kind !== 'held') continue
    const seenAt = inventory.get(machine)?.observedAt
    if (decision.by === 'in-flight') looks.push({ machine, at: plan.at + lookAgainMs })
    if (decision.by !== 'fresh') continue
    const sinceTarget = seenAt === undefined || seenAt < plan.target.at
    looks.push({ machine, at: sinceTarget ? plan.at : Math.max(plan.at, seenAt + lookAgainMs) })
  }
  return looks
}
