/** What is to be expected of a disk that nobody has looked at yet. */
import type { DesiredMachine, DesiredSite } from '../specs/desired.ts'
import { diffDisk } from './disk-diff.ts'
import { managedDisk } from './managed-disk.ts'
import type { DiskChange } from './model/change.ts'
import type { KnownImage } from './model/plan.ts'

/**
 * What is done to it once it shows up, unless it turns out to be as wanted already: a forecast for who reads a plan, and never a
 * decision. Undefined: its disk is not managed, or nothing could be written to it.
 */
export function diskForecast(
  machine: DesiredMachine,
  site: DesiredSite,
  images: ReadonlyMap<string, KnownImage> | undefined,
): DiskChange | undefined {
  const wanted = managedDisk(machine, site)
  if (wanted === undefined) return undefined
  const { drift } = machine.profile
  const disk = { at: 0, by: 'system' } as const
  return diffDisk(wanted, { disk, drift: drift.disk, wasInPlace: false, images }).change
}
