import { explain } from '../../reconciler/explain.ts'
import { rolloutLines } from '../../reconciler/explain-rollout.ts'
import { findMachine } from '../address.ts'
import type { Run } from '../catalogue/entry.ts'
import { exitCode } from '../exit.ts'
import { explanationJson, printExplanation } from '../output/explanation.ts'
import { locate } from '../place.ts'
import { readPresent } from '../present.ts'

export const run: Run = async (context, given) => {
  const place = await locate(context, given)
  if (!place.ok) return context.fail(place.reason)
  const present = await readPresent(context, place.value)
  if (!present.ok) return context.fail(present.reason)
  const { desired, plan, memory, rollout } = present.value
  const found = findMachine(desired, given.argument(0) ?? '')
  if (!found.ok) return context.fail(found.reason)
  const machine = found.value
  const decision = plan.decisions.get(machine.id)
  const explanation = explain(
    machine.id,
    desired,
    memory.inventory.get(machine.id),
    decision,
    memory.history.get(machine.id),
    memory.pauses,
    plan.at,
    memory.requests,
    rollout && rolloutLines(rollout.steering, rollout.tally, machine.id),
  )
  if (explanation === undefined) throw new Error(`${machine.id} is in the park and cannot be explained`)
  if (context.json) context.writeJson(explanationJson(explanation, machine, decision, context.locale))
  else printExplanation(explanation, machine, decision, plan.at, context.locale, context.out)
  return exitCode.done
}
