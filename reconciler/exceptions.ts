/** Machines that are not simply as wanted, put together by what keeps them from it. */
import type { Instant, MachineId } from './model/ids.ts'
import type { Decision, GateName, Plan } from './model/plan.ts'
import type { Reason } from './model/reason.ts'

export type ExceptionGroup = {
  readonly kind: 'held' | 'unknown' | 'stalled'
  readonly by?: GateName
  readonly reason: Reason
  /** The earliest instant at which one of them may go on by itself. */
  readonly until?: Instant
  /** In order. */
  readonly machines: readonly MachineId[]
}

/** The graver first: stalled, unknown, held; then the larger. */
export function groupExceptions(plan: Plan): readonly ExceptionGroup[] {
  const groups = new Map<
    string,
    { -readonly [K in keyof ExceptionGroup]: ExceptionGroup[K] } & { machines: MachineId[] }
  >()
  for (const [machine, decision] of plan.decisions) {
    if (decision.kind === 'converged' || decision.kind === 'act') continue
    const key = groupKey(decision)
    const group = groups.get(key)
    const until = decision.kind === 'unknown' ? undefined : decision.until
    if (group === undefined) {
      groups.set(key, {
        kind: decision.kind,
        reason: decision.reason,
        machines: [machine],
        ...(decision.kind === 'held' ? { by: decision.by } : {}),
        ...(until === undefined ? {} : { until }),
      })
      continue
    }
    group.machines.push(machine)
    if (until !== undefined && (group.until === undefined || until < group.until)) group.until = until
  }
  return [...groups.values()].sort(
    (a, b) =>
      gravity[a.kind] - gravity[b.kind] ||
      b.machines.length - a.machines.length ||
      (groupOrder(a) < groupOrder(b) ? -1 : 1),
  )
}

const gravity = { stalled: 0, unknown: 1, held: 2 } as const

/** What a PC said word for word differs from one to the next: only a person's reading of it is compared. */
const groupKey = (decision: Exclude<Decision, { kind: 'converged' | 'act' }>): string =>
  JSON.stringify([
    decision.kind,
    decision.kind === 'held' ? decision.by : '',
    decision.reason.code,
    decision.reason.message.en,
  ])

const groupOrder = (group: ExceptionGroup): string => `${group.reason.code} ${group.machines[0] ?? ''}`
