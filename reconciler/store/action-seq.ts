import type { Database } from './database.ts'

/**
 * The next number in the order of claims, ends and new targets; of several the last. Its row stays locked until the transaction has committed, on
 * PostgreSQL too: whoever reads on from the last number misses nothing, and what comes later sees all that came before.
 * @param db a transaction.
 */
export const nextActionSeq = async (db: Database, count = 1): Promise<number> => {
  const counter = await db
    .updateTable('counters')
    .set((update) => ({ value: update('value', '+', count) }))
    .where('name', '=', 'actions')
    .returning('value')
    .executeTakeFirstOrThrow()
  return counter.value
}
