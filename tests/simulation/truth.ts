/** What must be true of the simulated PCs themselves, whatever any loop or store believes. */
import type { ExecutionContext } from 'ava'
import type { SimulatedPc } from '../../providers/simulated/pc.ts'
import type { Desired, DesiredMachine } from '../../specs/desired.ts'
import type { World } from './world.ts'

/** Every PC is as the spec wants it. */
export const assertAsWanted = (t: ExecutionContext, world: World, desired: Desired): void => {
  for (const [id, pc] of world.pcs) {
    const machine = desired.machines.get(id)
    if (machine) t.deepEqual(differences(pc, machine), [], id)
  }
}

const differences = (pc: SimulatedPc, machine: DesiredMachine): readonly string[] => {
  const found: string[] = []
  if (machine.profile.identity.hostname && pc.hostname !== machine.name) found.push(`hostname ${pc.hostname}`)
  for (const { name, want } of machine.profile.packages.values()) {
    const installed = pc.installed.get(name)
    const right =
      want.kind === 'absent'
        ? installed === undefined
        : want.kind === 'version'
          ? installed?.startsWith(`${want.version}-`)
          : installed !== undefined
    if (!right) found.push(`${name} ${installed ?? 'not installed'}`)
  }
  for (const script of machine.profile.scripts.values()) {
    const succeeded = pc.runs.filter((run) => run.script === script.name && run.exitCode === 0)
    const right =
      script.trigger.kind === 'check'
        ? pc.effects.has(script.name)
        : script.trigger.kind === 'change'
          ? succeeded.at(-1)?.digest === script.digest
          : succeeded.length > 0
    if (!right) found.push(`script ${script.name}`)
  }
  return found
}

/** Nothing was done twice that must not be, and no PC went back to an older target. */
export const assertSafe = (t: ExecutionContext, world: World): void => {
  for (const [id, pc] of world.pcs) {
    const { started } = pc.record
    t.is(
      new Set(started.map((action) => action.id)).size,
      started.length,
      `${id}: an action was started twice`,
    )
    const generations = started.map(({ fence }) => fence.epoch * 1e6 + fence.generation)
    t.deepEqual(
      generations,
      generations.toSorted((a, b) => a - b),
      `${id} went back to an older target`,
    )
    const enrolled = pc.runs.filter((run) => run.script === 'enrol' && run.exitCode === 0)
    t.true(enrolled.length <= 1, `${id}: a script for once ran ${enrolled.length} times`)
    const changes = pc.runs
      .filter((run) => run.script === 'proxy' && run.exitCode === 0)
      .map((run) => run.digest)
    t.deepEqual(
      changes.filter((digest, index) => changes[index - 1] === digest),
      [],
      `${id}: an unchanged script ran again`,
    )
  }
}
