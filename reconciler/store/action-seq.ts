import { count } from './change-counter.ts'
import type { Database } from './database.ts'

/**
 * The next number in the order of claims, ends and new targets; of several the last. Its row stays locked until the transaction has committed, on
 * PostgreSQL too: whoever reads on from the last number misses nothing, and what comes later sees all that came before.
 * @param db a transaction.
 */
export const nextActionSeq = (db: Database, several = 1): Promise<number> => count(db, 'actions', several)
