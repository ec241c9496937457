/** What the store knows of the machines, kept in memory: read whole once, then only what was written since, by whichever process. */
import type { MachineId, SiteId } from '../model/ids.ts'
import type { Observed } from '../model/observed.ts'
import type { History } from '../model/plan.ts'
import type { Changes, Store } from '../store/store.ts'

/** Of one lycée, those that have left the specs included. */
export type KnownSite = {
  readonly inventory: ReadonlyMap<MachineId, Observed>
  readonly history: ReadonlyMap<MachineId, History>
}

export type Known = KnownSite & {
  /** Takes over what is new in the store. */
  refresh(): Promise<void>
  site(site: SiteId): KnownSite
}

type Site = { readonly inventory: Map<MachineId, Observed>; readonly history: Map<MachineId, History> }

const nothing: KnownSite = { inventory: new Map(), history: new Map() }

export const createKnown = (store: Pick<Store, 'changes'>): Known => {
  const inventory = new Map<MachineId, Observed>()
  const history = new Map<MachineId, History>()
  const sites = new Map<SiteId, Site>()
  let upTo: number | undefined

  const siteFor = (machine: MachineId): Site => {
    const id = siteOf(machine)
    const known = sites.get(id)
    if (known) return known
    const made = { inventory: new Map(), history: new Map() }
    sites.set(id, made)
    return made
  }

  const take = ({ observed, history: histories }: Changes): void => {
    for (const [machine, one] of observed) {
      put(inventory, machine, one)
      put(siteFor(machine).inventory, machine, one)
    }
    for (const [machine, one] of histories) {
      put(history, machine, one)
      put(siteFor(machine).history, machine, one)
    }
  }

  return {
    inventory,
    history,
    site: (site) => sites.get(site) ?? nothing,
    refresh: async () => {
      const changes = await store.changes(upTo)
      take(changes)
      upTo = changes.upTo
    },
  }
}

export const siteOf = (machine: MachineId): SiteId => machine.slice(0, machine.indexOf('/')) as SiteId

const put = <Value>(map: Map<MachineId, Value>, machine: MachineId, value: Value | undefined): void => {
  if (value === undefined) map.delete(machine)
  else map.set(machine, value)
}
