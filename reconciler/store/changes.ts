/**
 * What was written since somebody looked last, by whichever process: every write of an observation or of what is remembered of a
 * machine takes the next number of one counter, so that a loop need not read a whole region again to see what is new.
 */
import type { MachineId } from '../model/ids.ts'
import type { Observed } from '../model/observed.ts'
import type { History } from '../model/plan.ts'
import { batches, type Database } from './database.ts'
import type { SharedCache } from './facts-row.ts'
import { readHistory } from './history.ts'
import { type OwnLooks, readInventory, readObservedSince } from './inventory.ts'
import { runOf } from './prepared.ts'
import type { Changes } from './store.ts'

/** @param db a transaction: the numbers, the rows and the bodies that they name must be of one instant. */
export const readChanges = async (
  db: Database,
  since: number | undefined,
  cache: SharedCache,
  own: OwnLooks,
): Promise<Changes> => {
  const { value: upTo } = await db
    .selectFrom('counters')
    .select('value')
    .where('name', '=', 'changes')
    .executeTakeFirstOrThrow()
  if (since === undefined) {
    return { upTo, observed: await readInventory(db, {}, cache), history: await readHistory(db, {}) }
  }
  if (upTo === since) return { upTo, observed: new Map(), history: new Map() }
  const observed = new Map<MachineId, Observed | undefined>(await readObservedSince(db, since, cache, own))
  const touched = await readTouched(db, since)
  const history = new Map<MachineId, History | undefined>()
  for (const batch of batches(touched)) {
    const known = await readHistory(db, { machines: batch })
    for (const machine of batch) history.set(machine, known.get(machine))
    for (const machine of await unobserved(db, batch)) observed.set(machine, undefined)
  }
  return { upTo, observed, history }
}

const readTouched = async (db: Database, since: number): Promise<readonly MachineId[]> => {
  const rows = await db
    .selectFrom('machine_changes')
    .select('machine')
    .where('seq', '>', since)
    .orderBy('seq')
    .execute()
  return rows.map(({ machine }) => machine as MachineId)
}

/** Of these machines, those that were forgotten, or that nobody has looked at. */
const unobserved = async (db: Database, machines: readonly MachineId[]): Promise<readonly MachineId[]> => {
  const rows = await runOf(db, 'seen of', machines, (these) =>
    db.selectFrom('observations').select('machine').where('machine', 'in', these),
  )
  const known = new Set<string>(rows.map(({ machine }) => machine))
  return machines.filter((machine) => !known.has(machine))
}
