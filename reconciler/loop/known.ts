/** What the store knows of the machines, kept in memory: read whole once, then only what was written since, by whichever process. */
import { isUsed } from '../capacity.ts'
import type { MachineId } from '../model/ids.ts'
import type { Observed } from '../model/observed.ts'
import type { History } from '../model/plan.ts'
import type { Changes, Store } from '../store/store.ts'

/** Machines that have left the specs included. */
export type Known = {
  readonly inventory: ReadonlyMap<MachineId, Observed>
  readonly history: ReadonlyMap<MachineId, History>
  /** Those on which something goes on. */
  readonly busy: ReadonlySet<MachineId>
  /** Takes over what is new in the store; says of whom something else was seen. */
  refresh(): Promise<Iterable<MachineId>>
}

export const createKnown = (store: Pick<Store, 'changes'>): Known => {
  const inventory = new Map<MachineId, Observed>()
  const history = new Map<MachineId, History>()
  const busy = new Set<MachineId>()
  let upTo: number | undefined

  const take = ({ observed, history: histories }: Changes): void => {
    for (const [machine, one] of observed) put(inventory, machine, one)
    for (const [machine, one] of histories) put(history, machine, one)
    for (const machines of [observed.keys(), histories.keys()])
      for (const machine of machines)
        if (isUsed(history.get(machine), inventory.get(machine))) busy.add(machine)
        else busy.delete(machine)
  }

  return {
    inventory,
    history,
    busy,
    refresh: async () => {
      const changes = await store.changes(upTo)
      take(changes)
      upTo = changes.upTo
      return changes.observed.keys()
    },
  }
}

const put = <Value>(map: Map<MachineId, Value>, machine: MachineId, value: Value | undefined): void => {
  if (value === undefined) map.delete(machine)
  else map.set(machine, value)
}
