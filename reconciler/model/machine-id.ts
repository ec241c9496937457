import type { MachineId, SiteId } from './ids.ts'

/** A machine's id begins with its lycée's, also when it has left the park. */
export const siteOf = (machine: MachineId): SiteId => machine.slice(0, machine.indexOf('/')) as SiteId
