/** How a PC gets into the imager: woken if it is off, restarted if it is on. Netboot then does the rest. */
import type { Work } from '../../imaging/protocol.ts'
import type { Reach } from '../../reconciler/model/observed.ts'
import type { Outcome } from '../../reconciler/model/outcome.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Provider } from '../../reconciler/ports.ts'
import { raceArrival } from './arrival.ts'
import type { DiskLimits, DiskParts } from './disk-parts.ts'
import { didNotCome, noEntry, startedItsDisk } from './disk-reasons.ts'
import type { Ended } from './imager-run.ts'
import { lookInside } from './own-system.ts'
import { restartAction } from './restart.ts'
import type { ImagerChange } from './work.ts'

export type Coming = {
  /** One step towards the imager, by what the PC shows now; an end if there is no way. */
  step(): Promise<Ended | undefined>
  whyNot(waitedMs: number): Reason
}

/** A PC that starts its disk in spite of netboot does so again. */
const mostRestarts = 2

export const createComing = (
  parts: DiskParts,
  limits: DiskLimits,
  work: Work,
  change: ImagerChange,
  [action, machine, site, desired, , signal]: Parameters<Provider['apply']>,
): Coming => {
  const { inner, wake, clock } = parts
  let restarts = 0
  let reach: Reach = 'off'

  const restart = async (): Promise<Ended | undefined> => {
    if (restarts >= mostRestarts) {
      const problem = { class: 'retry', reason: startedItsDisk(machine.id) } as const
      return { kind: 'failed', problem }
    }
    restarts += 1
    const asked = restartAction(action, change, restarts)
    const arrival = await raceArrival(parts, machine.mac, signal, (stop) =>
      inner.apply(asked, machine, site, desired, () => undefined, stop),
    )
    return arrival.kind === 'imager' || signal.aborted ? undefined : afterRestart(arrival.result)
  }

  const afterRestart = (outcome: Outcome): Ended | undefined => {
    switch (outcome.kind) {
      case 'complete':
        return undefined
      case 'wrong-precondition':
      case 'refused':
        return { kind: 'outcome', outcome }
      case 'failed':
        return { kind: 'failed', problem: { class: outcome.class, reason: outcome.reason } }
    }
  }

  return {
    whyNot: (waitedMs) =>
      reach === 'silent' ? noEntry(machine.id, waitedMs) : didNotCome(machine.id, machine.mac, waitedMs),
    step: async () => {
      const until = clock.now() + limits.lookEveryMs
      const seen = await raceArrival(parts, machine.mac, signal, (stop) =>
        lookInside(parts, limits, machine, site, stop),
      )
      if (seen.kind === 'imager' || signal.aborted) return undefined
      const { result } = seen
      reach = result.reach
      if (reach === 'up') {
        const isDone = isEqual(work) && result.disk?.state?.job === action.id
        return isDone ? { kind: 'found-done' } : restart()
      }
      // One that only does not let us in may as well be asleep behind a switch that answers for it: a packet does no harm.
      const sent = await wake(machine.mac, site.wake, signal)
      if (sent.kind === 'failed') return { kind: 'failed', problem: { class: 'retry', reason: sent.reason } }
      await raceArrival(parts, machine.mac, signal, (stop) =>
        clock.sleep(Math.max(until - clock.now(), limits.lookEveryMs / 5), stop),
      )
      return undefined
    },
  }
}

const isEqual = (work: Work): boolean => work.kind === 'restore' || work.kind === 'reset'
