/** How much of a lycée's network and server is in use: what runs, and what this pass has decided so far. */
import type { MachineId, SiteId } from './model/ids.ts'
import type { Observed } from './model/observed.ts'
import type { History } from './model/plan.ts'

export type Load = { readonly actions: number; readonly wakes: number }

export type Loads = {
  of(site: SiteId): Load
  add(site: SiteId, kind: keyof Load): void
}

/** Counts the actions in flight, those of machines that have left the park included: they still use the network. */
export function loadsInFlight(
  history: ReadonlyMap<MachineId, History>,
  inventory: ReadonlyMap<MachineId, Observed>,
): Loads {
  const loads = new Map<SiteId, { actions: number; wakes: number }>()
  const loadOf = (site: SiteId): { actions: number; wakes: number } => {
    const known = loads.get(site)
    if (known !== undefined) return known
    const none = { actions: 0, wakes: 0 }
    loads.set(site, none)
    return none
  }
  for (const [machine, { inFlight }] of history) {
    // Nothing but a wake is ever started on a machine that is off.
    if (inFlight !== undefined) {
      loadOf(siteOf(machine))[inventory.get(machine)?.reach === 'off' ? 'wakes' : 'actions']++
    }
  }
  for (const [machine, observed] of inventory) {
    const known = history.get(machine)?.inFlight !== undefined
    if (!known && observed.reach === 'up' && observed.facts?.running !== undefined) {
      loadOf(siteOf(machine)).actions++
    }
  }
  return {
    of: loadOf,
    add(site, kind) {
      loadOf(site)[kind]++
    },
  }
}

const siteOf = (machine: MachineId): SiteId => machine.slice(0, machine.indexOf('/')) as SiteId
