import type { Database } from './database.ts'

/**
 * The next number in the order of claims, ends and new targets. Its row stays locked until the transaction has committed, on
 * PostgreSQL too: whoever reads on from the last number misses nothing, and what comes later sees all that came before.
 * @param db a transaction.
 */
export const nextActionSeq = async (db: Database): Promise<number> => {
  const counter = await db
    .updateTable('counters')
    .set((update) => ({ value: update('value', '+', 1) }))
    .where('name', '=', 'actions')
    .returning('value')
    .executeTakeFirstOrThrow()
  return counter.value
}
