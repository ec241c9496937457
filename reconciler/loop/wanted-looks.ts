import type { Instant, MachineId } from '../model/ids.ts'
import type { Observed } from '../model/observed.ts'
import type { Plan } from '../model/plan.ts'

/** Between two looks at a machine that the plan finds wanting: what one look did not tell, the next at once will not either. */
const lookAgainMs = 15_000

/** Which machines must be looked at before anything can be decided on them, and when: a new script's check was never asked, an action runs that was started elsewhere, what would not be read has another spec. */
export const wantedLooks = (
  plan: Plan,
  inventory: ReadonlyMap<MachineId, Observed>,
): readonly { readonly machine: MachineId; readonly at: Instant }[] => {
  const looks: { machine: MachineId; at: Instant }[] = []
  for (const [machine, decision] of plan.decisions) {
    const observed = inventory.get(machine)
    const seenAt = observed?.observedAt
    // The new revision may have corrected what kept us out: its key, its address, its account.
    if (observed?.reach === 'silent' && observed.observedAt < plan.target.at) {
      looks.push({ machine, at: Math.max(plan.at, observed.observedAt + lookAgainMs) })
    }
    // It stays there as long as it has work, and its own system is what is wanted.
    if (observed?.reach === 'imager') {
      looks.push({ machine, at: Math.max(plan.at, observed.observedAt + lookAgainMs) })
    }
    if (decision.kind !== 'held') continue
    if (decision.by === 'in-flight') looks.push({ machine, at: plan.at + lookAgainMs })
    if (decision.by !== 'fresh') continue
    const sinceTarget = seenAt === undefined || seenAt < plan.target.at
    looks.push({ machine, at: sinceTarget ? plan.at : Math.max(plan.at, seenAt + lookAgainMs) })
  }
  return looks
}
