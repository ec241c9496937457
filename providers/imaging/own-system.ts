import type { Observed } from '../../reconciler/model/observed.ts'
import type { Clock, Provider } from '../../reconciler/ports.ts'
import type { DesiredMachine, DesiredSite } from '../../specs/desired.ts'
import type { DiskLimits } from './disk-parts.ts'
import { didNotStart, letGo } from './disk-reasons.ts'
import type { Problem } from './imager-run.ts'

type Parts = { readonly inner: Provider; readonly clock: Clock }

/** A look at the PC's own system that does not take longer than it should. */
export const lookInside = async (
  { inner, clock }: Parts,
  limits: DiskLimits,
  machine: DesiredMachine,
  site: DesiredSite,
  signal: AbortSignal,
): Promise<Observed> => {
  const over = new AbortController()
  const stop = AbortSignal.any([signal, over.signal])
  const limit = async () => {
    await clock.sleep(limits.observeTimeoutMs, stop)
    over.abort()
  }
  const watch = limit()
  const seen = await inner.observe(machine, site, undefined, stop)
  over.abort()
  await watch
  return seen
}

/** Until the system that was written lets us in; why not, when it takes too long. */
export const awaitSystem = async (
  parts: Parts,
  limits: DiskLimits,
  asked: Parameters<Provider['apply']>,
): Promise<Problem | undefined> => {
  const [action, machine, site, , report, signal] = asked
  const { clock } = parts
  const begun = clock.now()
  let seen: Observed | undefined
  while (!signal.aborted && clock.now() - begun < limits.systemTimeoutMs) {
    report({
      done: 0,
      total: action.changes.length,
      disk: {
        phase: 'starting',
        readBytes: 0,
        totalBytes: 0,
        fetchedBytes: 0,
        writtenBytes: 0,
        bytesPerSecond: 0,
      },
    })
    seen = await lookInside(parts, limits, machine, site, signal)
    if (seen.reach === 'up' && seen.disk?.state?.job === action.id) return undefined
    await clock.sleep(limits.lookEveryMs, signal)
  }
  const waitedMs = clock.now() - begun
  return {
    class: 'wait',
    reason: signal.aborted ? letGo(machine.id) : didNotStart(machine.id, waitedMs, seen?.errors[0]),
  }
}
