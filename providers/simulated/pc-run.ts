/** What a PC does by itself with an action that it was given, whether anybody is connected or not. */
import type { Change } from '../../reconciler/model/change.ts'
import type { Outcome, Progress, StepResult } from '../../reconciler/model/outcome.ts'
import type { Action } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock } from '../../reconciler/ports.ts'
import type { DesiredMachine } from '../../specs/desired.ts'
import type { ImagerChange } from './disk.ts'
import type { SimulatedPc } from './pc.ts'
import { interrupted, notAsAssumed, occupied } from './reasons.ts'

export const runOnPc = async (
  clock: Clock,
  pc: SimulatedPc,
  action: Action,
  machine: DesiredMachine,
  report: (progress: Progress) => void,
): Promise<void> => {
  const era = pc.era()
  const wrong = wrongPrecondition(pc, action)
  if (wrong) return pc.record.end(action.id, { kind: 'wrong-precondition', reason: wrong, at: clock.now() })
  const killed = () => pc.record.running() !== action.id
  const imager = action.changes.find(isImagerChange)
  if (imager !== undefined) {
    const result = await pc.image(imager, action.id, machine, killed)
    if (result) pc.record.end(action.id, summary([result], clock.now()))
    return
  }
  if (action.warnMs !== undefined) await clock.sleep(action.warnMs)
  const results: StepResult[] = []
  const total = action.changes.length
  for (const change of action.changes) {
    if (killed()) return
    report({ step: change, done: results.length, total })
    const result = await pc.make(change, machine, killed)
    const restarted = change.facet === 'power'
    if (!result || (pc.era() !== era && !restarted)) return
    results.push(result)
  }
  pc.record.end(action.id, summary(results, clock.now()))
}

export const isImagerChange = (change: Change): change is ImagerChange =>
  change.facet === 'disk' || change.facet === 'reset'

const summary = (results: readonly StepResult[], at: number): Outcome => {
  const wrong = results.find((result) => !result.ok)
  if (!wrong) return { kind: 'complete', results, at }
  return { kind: 'failed', class: wrong.class ?? 'retry', reason: wrong.reason ?? interrupted, results, at }
}

const wrongPrecondition = (pc: SimulatedPc, action: Action): Reason | undefined => {
  if (action.expect.unoccupied && pc.sessions.length > 0) return occupied
  for (const [name, version] of Object.entries(action.expect.packages))
    if ((pc.installed.get(name) ?? null) !== version) return notAsAssumed(name)
  return undefined
}
