import { resolve } from 'node:path'
import type { Plan, Scope } from '../../reconciler/model/plan.ts'
import { status } from '../../reconciler/status.ts'
import type { Desired } from '../../specs/desired.ts'
import { findScope, isIn, machinesIn } from '../address.ts'
import type { Run } from '../catalogue/entry.ts'
import type { Context } from '../context.ts'
import { exitCode } from '../exit.ts'
import type { Given } from '../given.ts'
import { printStatus, statusJson } from '../output/status.ts'
import { isPark, locate } from '../place.ts'
import { readPresent } from '../present.ts'

export const run: Run = async (context, given) => {
  const { folder, word } = await readArguments(context, given)
  const place = await locate(context, given, folder)
  if (!place.ok) return context.fail(place.reason)
  const present = await readPresent(context, place.value)
  if (!present.ok) return context.fail(present.reason)
  const { desired, plan, memory, started, waiting, rollout } = present.value
  const scope =
    word === undefined ? ({ ok: true, value: { kind: 'park' } } as const) : findScope(desired, word)
  if (!scope.ok) return context.fail(scope.reason)

  const part = narrow(desired, plan, scope.value)
  const inside = machinesIn(desired, scope.value)
  const view = {
    status: status(part.desired, memory.inventory, part.plan),
    machines: inside.flatMap((machine) => {
      const decision = plan.decisions.get(machine.id)
      return decision ? [{ machine, decision, observed: memory.inventory.get(machine.id) }] : []
    }),
    scope: scope.value,
    pauses: memory.pauses.filter(
      (pause) => scope.value.kind === 'park' || inside.some((machine) => isIn(machine, pause.scope)),
    ),
    started,
    waiting,
    rollout,
  }
  if (context.json) context.writeJson(statusJson(view, context.locale))
  else printStatus(view, context.locale, context.out)
  return exitCode.done
}

/** One word alone may be the folder or the scope: it is the folder if it is a park. */
const readArguments = async (
  context: Context,
  given: Given,
): Promise<{ readonly folder?: string; readonly word?: string }> => {
  const first = given.argument(0)
  const second = given.argument(1)
  if (first === undefined) return {}
  if (second !== undefined) return { folder: first, word: second }
  return (await isPark(resolve(context.cwd, first))) ? { folder: first } : { word: first }
}

/** The park as if it were this part alone. */
const narrow = (
  desired: Desired,
  plan: Plan,
  scope: Scope,
): { readonly desired: Desired; readonly plan: Plan } => {
  if (scope.kind === 'park') return { desired, plan }
  const machines = new Map([...desired.machines].filter(([, machine]) => isIn(machine, scope)))
  const sites = new Map(
    [...desired.sites].filter(([id]) => [...machines.values()].some(({ site }) => site === id)),
  )
  const decisions = new Map([...plan.decisions].filter(([id]) => machines.has(id)))
  return { desired: { ...desired, machines, sites }, plan: { ...plan, decisions, unmanaged: [] } }
}
