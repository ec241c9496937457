import type { MachineId } from '../model/ids.ts'
import type { Database } from './database.ts'
import { runOver, runPrepared } from './prepared.ts'

/**
 * The number of this write. The counter's row stays locked until the writer commits: whoever reads on from the last number that it
 * saw never misses a smaller one. To be taken after a row of `actions` and before all rows that it counts, so that no two writers
 * wait for each other.
 * @param db a transaction.
 */
export const nextChange = async (db: Database): Promise<number> => {
  return count(db, 'changes', 1)
}

/** The new value of a counter. */
export const count = async (
  db: Database,
  name: 'changes' | 'actions' | 'events',
  by: number,
): Promise<number> => {
  const { rows } = await runPrepared(db, 'count', [by, name], () =>
    db
      .updateTable('counters')
      .set((update) => ({ value: update('value', '+', by) }))
      .where('name', '=', name)
      .returning('value'),
  )
  const [counter] = rows
  if (counter === undefined) throw new Error(`the store does not count ${name}`)
  return counter.value
}

/**
 * What is remembered of these machines is about to change.
 * @param db a transaction.
 */
export const touchMachines = async (db: Database, machines: readonly MachineId[]): Promise<void> => {
  if (machines.length === 0) return
  const seq = await nextChange(db)
  const rows = [...new Set(machines)].sort().map((machine) => ({ machine, seq }))
  await runOver(db, 'touch machines', rows, (piece) =>
    db
      .insertInto('machine_changes')
      .values(piece)
      .onConflict((conflict) =>
        conflict.column('machine').doUpdateSet(({ ref }) => ({ seq: ref('excluded.seq') })),
      ),
  )
}
