/** What one pass of planning works out once for all machines. */
import type { DesiredMachine, DesiredSite } from '../specs/desired.ts'
import { rememberingHash } from './action.ts'
import { type Loads, loadsInFlight } from './capacity.ts'
import { createEstimates, type Estimates } from './duration.ts'
import type { Digest, MachineId } from './model/ids.ts'
import type { DiskRequest, PlanInput } from './model/plan.ts'
import { type Pauses, pausesAt } from './pause.ts'
import { createOpenings } from './window.ts'

export type Pass = {
  readonly input: PlanInput
  readonly pauses: Pauses
  readonly openings: ReturnType<typeof createOpenings>
  readonly loads: Loads
  readonly estimates: Estimates
  readonly digest: (text: string) => string
  readonly requests: ReadonlyMap<MachineId, readonly DiskRequest[]>
}

export const startPass = (input: PlanInput): Pass => ({
  input,
  pauses: pausesAt(input.pauses, input.now),
  openings: createOpenings(input.now),
  loads: loadsInFlight(input),
  estimates: createEstimates(input.durations),
  digest: rememberingHash(),
  requests: requestsByMachine(input.requests ?? []),
})

export function siteOf({ input }: Pass, machine: DesiredMachine): DesiredSite {
  const site = input.desired.sites.get(machine.site)
  if (site === undefined)
    throw new Error(`${machine.id} belongs to ${machine.site}, which is not in the park`)
  return site
}

export const appliedTo = (pass: Pass, machine: DesiredMachine): Readonly<Record<string, Digest>> =>
  pass.input.history.get(machine.id)?.applied ?? {}

/** In the order in which they were made. */
function requestsByMachine(requests: readonly DiskRequest[]): Pass['requests'] {
  const byMachine = new Map<MachineId, DiskRequest[]>()
  for (const request of requests.toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))) {
    const ofMachine = byMachine.get(request.machine) ?? []
    byMachine.set(request.machine, ofMachine)
    ofMachine.push(request)
  }
  return byMachine
}
