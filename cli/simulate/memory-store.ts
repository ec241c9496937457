/** A store in memory, the real one, that can be saved and gone back to, as a backup is. */
import { DatabaseSync } from 'node:sqlite'
import { createKyselyStore } from '../../reconciler/store/kysely-store.ts'
import { sqliteDialect } from '../../reconciler/store/sqlite-dialect.ts'
import type { Store } from '../../reconciler/store/store.ts'

/** To be gone back to once. */
export type Saved = { readonly database: DatabaseSync }

export type MemoryStore = {
  readonly store: Store
  /** All that is in it now. */
  save(): Saved
}

/** SQLite keeps a database in memory under a name for as long as somebody has it open. */
let names = 0

/** @param from what was saved; undefined: an empty one. */
export const openMemoryStore = async (from?: Saved): Promise<MemoryStore> => {
  const database = from?.database ?? new DatabaseSync(':memory:')
  database.exec('pragma foreign_keys = on; pragma synchronous = off')
  const store = createKyselyStore(sqliteDialect(database))
  await store.migrate()
  return {
    store,
    save: () => {
      names += 1
      const name = `file:simulated-${process.pid}-${names}?mode=memory&cache=shared`
      const copy = new DatabaseSync(name)
      database.exec(`vacuum into '${name}'`)
      return { database: copy }
    },
  }
}
