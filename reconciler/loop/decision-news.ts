/**
 * What the audit log says of decisions: each once, until another one is made; of those that only wait, each reason once, however
 * often they change places. What is to be done is told when it begins.
 */
import { describeDecision } from '../describe.ts'
import type { MachineId } from '../model/ids.ts'
import type { Decision, Plan } from '../model/plan.ts'
import type { NewEvent, Store } from '../store/store.ts'

export type DecisionNews = {
  /** Appends what is news. */
  tell(plan: Pick<Plan, 'at' | 'target' | 'decisions'>): Promise<void>
}

export const createDecisionNews = (
  store: Pick<Store, 'append' | 'latestPlan'>,
  actor: string,
): DecisionNews => {
  let told: Map<MachineId, readonly string[]> | undefined
  return {
    tell: async (plan) => {
      told ??= await toldBefore(store)
      const events: NewEvent[] = []
      const signatures = new Map<MachineId, readonly string[]>()
      for (const [machine, decision] of plan.decisions) {
        if (decision.kind === 'act') {
          signatures.set(machine, [])
          continue
        }
        const signature = signatureOf(decision)
        const before = told.get(machine) ?? []
        if (signature === undefined || before.includes(signature)) continue
        signatures.set(
          machine,
          isWait(signature) && before.every(isWait) ? [...before, signature] : [signature],
        )
        events.push(eventOf(plan, machine, decision, actor))
      }
      if (events.length > 0) await store.append(events)
      for (const [machine, signature] of signatures) told.set(machine, signature)
    },
  }
}

const isWait = (signature: string): boolean => signature.startsWith('held ')

/** After a restart: what the last plan says was told with it. */
const toldBefore = async (store: Pick<Store, 'latestPlan'>): Promise<Map<MachineId, readonly string[]>> => {
  const before = await store.latestPlan()
  const signatures = new Map<MachineId, readonly string[]>()
  for (const [id, decision] of before?.decisions ?? []) {
    const signature = signatureOf(decision)
    if (signature !== undefined) signatures.set(id, [signature])
  }
  return signatures
}

/** What an entry of the log would say; undefined for what passes by itself in a moment, or is told when it begins. */
const signatureOf = (decision: Decision): string | undefined => {
  switch (decision.kind) {
    case 'converged':
      return 'converged'
    case 'act':
      return undefined
    case 'held':
      return ['in-flight', 'fresh', 'capacity'].includes(decision.by)
        ? undefined
        : `held ${decision.by} ${decision.reason.code}`
    case 'unknown':
    case 'stalled':
      return `${decision.kind} ${decision.reason.code}`
  }
}

const eventOf = (
  { at, target }: Pick<Plan, 'at' | 'target'>,
  machine: MachineId,
  decision: Decision,
  actor: string,
): NewEvent => {
  const reason = 'reason' in decision ? decision.reason : undefined
  return {
    at,
    kind: 'decided',
    machine,
    revision: target.revision,
    actor,
    message: reason?.message ?? describeDecision(decision),
    data: {
      decision: decision.kind,
      ...(decision.kind === 'held' ? { by: decision.by } : {}),
      ...(reason ? { code: reason.code, detail: reason.detail } : {}),
    },
  }
}
