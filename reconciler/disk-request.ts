/** What becomes of a reset, a verification or a capture that somebody asks for. */
import type { Desired, DesiredMachine, DesiredSite } from '../specs/desired.ts'
import {
  diskNotManaged,
  diskNotOurs,
  machineGone,
  requestServed,
  resetAfterLayout,
  resetNever,
} from './disk-reasons.ts'
import { managedDisk } from './managed-disk.ts'
import type { MachineId } from './model/ids.ts'
import type { Observed, ObservedDisk } from './model/observed.ts'
import type { DiskRequest } from './model/plan.ts'
import type { Reason } from './model/reason.ts'

/**
 * Why a request cannot be granted; undefined: it can, or nobody has looked at the disk yet. For whoever takes the request, so
 * that it is refused where it was made.
 */
export function refusalOf(
  kind: DiskRequest['kind'],
  machine: DesiredMachine,
  site: DesiredSite,
  disk: ObservedDisk | undefined,
): Reason | undefined {
  const wanted = managedDisk(machine, site)
  if (wanted === undefined) return diskNotManaged
  switch (kind) {
    case 'capture':
      return undefined
    case 'verify':
      return disk !== undefined && disk.state === undefined ? diskNotOurs : undefined
    case 'reset':
      if (machine.profile.reset?.policy === 'never') return resetNever
      if (disk === undefined) return undefined
      if (disk.state === undefined) return diskNotOurs
      return disk.state.layout === wanted.layoutDigest ? undefined : resetAfterLayout
  }
}

export type SettledRequest = { readonly request: DiskRequest; readonly reason: Reason }

/**
 * Open requests that no action will ever carry out: served meanwhile in another way (at the PC's boot menu, by an upgrade),
 * refused by a later commit, or of a machine that left the park. They are to be closed, and the reason told.
 */
export function settledRequests(
  desired: Desired,
  inventory: ReadonlyMap<MachineId, Observed>,
  requests: readonly DiskRequest[],
): readonly SettledRequest[] {
  return requests.flatMap((request) => {
    const machine = desired.machines.get(request.machine)
    const site = machine && desired.sites.get(machine.site)
    if (machine === undefined || site === undefined) return [{ request, reason: machineGone }]
    const disk = inventory.get(machine.id)?.disk
    if (isServed(request, disk)) return [{ request, reason: requestServed }]
    const reason = refusalOf(request.kind, machine, site, disk)
    return reason === undefined ? [] : [{ request, reason }]
  })
}

/** Another way led there first: a reset at the PC itself, an upgrade. */
export const isServed = ({ kind, at }: DiskRequest, disk: ObservedDisk | undefined): boolean =>
  kind === 'reset' && disk?.state !== undefined && disk.state.at > at
