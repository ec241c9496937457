/** What must be true of the simulated PCs themselves, whatever any loop or store believes. */
import type { ExecutionContext } from 'ava'
import { differences } from '../../providers/simulated/difference.ts'
import type { Desired } from '../../specs/desired.ts'
import type { World } from './world.ts'

/** Every PC is as the spec wants it. */
export const assertAsWanted = (t: ExecutionContext, world: World, desired: Desired): void => {
  for (const [id, pc] of world.pcs) {
    const machine = desired.machines.get(id)
    if (machine) t.deepEqual(differences(pc, machine), [], id)
  }
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
