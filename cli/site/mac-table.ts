import type { Desired, DesiredMachine, DesiredSite } from '../../specs/desired.ts'

export type Placed = { readonly machine: DesiredMachine; readonly site: DesiredSite }

/** Which machine of the specs has a MAC: what netboot and the imager ask by. */
export const macTable = ({ machines, sites }: Desired): ReadonlyMap<string, Placed> => {
  const table = new Map<string, Placed>()
  for (const machine of machines.values()) {
    const site = sites.get(machine.site)
    if (site !== undefined) table.set(machine.mac, { machine, site })
  }
  return table
}
