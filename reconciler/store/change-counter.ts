import type { MachineId } from '../model/ids.ts'
import { batches, type Database } from './database.ts'

/**
 * The number of this write. The counter's row stays locked until the writer commits: whoever reads on from the last number that it
 * saw never misses a smaller one. To be taken after a row of `actions` and before all rows that it counts, so that no two writers
 * wait for each other.
 * @param db a transaction.
 */
export const nextChange = async (db: Database): Promise<number> => {
  const { value } = await db
    .updateTable('counters')
    .set((update) => ({ value: update('value', '+', 1) }))
    .where('name', '=', 'changes')
    .returning('value')
    .executeTakeFirstOrThrow()
  return value
}

/**
 * What is remembered of these machines is about to change.
 * @param db a transaction.
 */
export const touchMachines = async (db: Database, machines: readonly MachineId[]): Promise<void> => {
  if (machines.length === 0) return
  const seq = await nextChange(db)
  const rows = [...new Set(machines)].sort().map((machine) => ({ machine, seq }))
  for (const batch of batches(rows))
    await db
      .insertInto('machine_changes')
      .values(batch)
      .onConflict((conflict) => conflict.column('machine').doUpdateSet({ seq }))
      .execute()
}
