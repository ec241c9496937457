import type { Kysely } from 'kysely'
import type { MachineId } from '../model/ids.ts'
import type { Schema } from './schema.ts'

/** A connection or a transaction: what the nouns of this folder work on. */
export type Database = Kysely<Schema>

/** SQLite takes 32,766 values in one statement, PostgreSQL 65,535; the widest of our tables has fourteen columns. */
const rowsPerStatement = 500

/** What a read is about: all machines, those of one lycée, or these. */
export type Selection = {
  readonly site?: string
  /** No more than fit in one statement. */
  readonly machines?: readonly MachineId[]
}

/**
 * Reads one lycée after the other: a region's rows are hundreds of thousands, and would take more memory than what is made of them.
 * @param db a transaction: all that is read must be of one instant.
 */
export async function* lyceeByLycee<Row>(
  db: Database,
  table: 'observations' | 'applied',
  selection: Selection,
  read: (selection: Selection) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[]> {
  const { site, machines } = selection
  if (site !== undefined || machines !== undefined) return yield await read(selection)
  for (const { site } of await db.selectFrom(table).select('site').distinct().execute())
    yield await read({ site })
}

/** Cuts rows into batches that fit in one statement. */
export const batches = <Row>(rows: readonly Row[]): readonly (readonly Row[])[] =>
  Array.from({ length: Math.ceil(rows.length / rowsPerStatement) }, (_, index) =>
    rows.slice(index * rowsPerStatement, (index + 1) * rowsPerStatement),
  )
