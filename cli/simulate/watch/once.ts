import type { SimulatedPc } from '../../../providers/simulated/pc.ts'
import type { ActionId, MachineId, ScriptName } from '../../../reconciler/model/ids.ts'
import type { Desired } from '../../../specs/desired.ts'
import { isWake, type Report, type Watch } from './rule.ts'

/** No action runs twice, no script for once succeeds twice on one disk, no disk that is right is written again. */
export const watchOnce = (
  pcs: ReadonlyMap<MachineId, SimulatedPc>,
  desired: () => Desired,
  report: Report,
): Watch => {
  const started = new Set<ActionId>()

  const scripts = (pc: SimulatedPc): void => {
    const wanted = desired().machines.get(pc.id)?.profile.scripts
    const successes = new Map<ScriptName, number>()
    for (const { script, exitCode } of pc.runs)
      if (exitCode === 0) successes.set(script, (successes.get(script) ?? 0) + 1)
    for (const [script, times] of successes)
      if (times > 1 && wanted?.get(script)?.trigger.kind === 'once')
        report('twice', pc.id, `script ${script} succeeded ${times} times`)
  }

  const disk = (pc: SimulatedPc): void => {
    const [before, last] = pc.disk.writes.slice(-2)
    if (!before?.finished || !last) return
    const isSame = before.to === last.to && last.request === undefined
    if (isSame && (last.kind === 'restore' || last.kind === 'upgrade'))
      report('twice', pc.id, `the disk was written with ${last.to.slice(0, 12)} again`)
  }

  return {
    saw: (happened) => {
      if (happened.kind === 'answered' || isWake(happened)) return
      const { action, machine } = happened
      const pc = pcs.get(machine)
      if (happened.kind === 'started') {
        if (started.has(action.id)) report('twice', machine, `action ${action.id.slice(0, 12)}`)
        started.add(action.id)
      } else if (pc) {
        if (action.changes.some(({ facet }) => facet === 'scripts')) scripts(pc)
        if (action.changes.some(({ facet }) => facet === 'disk')) disk(pc)
      }
    },
  }
}
