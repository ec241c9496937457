import type { DesiredMachine, DesiredSite, WantedDisk } from '../specs/desired.ts'

/** The disk as wanted, if it is ours to manage: it needs an image, and a server that has it. */
export const managedDisk = (machine: DesiredMachine, site: DesiredSite): WantedDisk | undefined =>
  site.server === undefined ? undefined : machine.profile.disk
