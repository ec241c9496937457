/**
 * The store of a simulation, the real one, that can be saved and gone back to, as a backup is. It is a file without a name: what a
 * region writes in a week would take more memory than the simulation itself, and a commit to a large database in memory takes
 * SQLite longer than one to a file.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createKyselyStore } from '../../reconciler/store/kysely-store.ts'
import { privateDialect } from '../../reconciler/store/sqlite-dialect.ts'
import type { Store } from '../../reconciler/store/store.ts'

/** To be gone back to once. */
export type Saved = { readonly database: DatabaseSync }

export type ScratchStore = {
  readonly store: Store
  /** All that is in it now. */
  save(): Promise<Saved>
}

/** Nobody else reads it, and after a power cut nobody wants it: nothing is synchronised, and what undoes a transaction is kept in memory. */
const pragmas = `
  pragma locking_mode = exclusive; pragma journal_mode = memory; pragma synchronous = off;
  pragma cache_size = -32768; pragma foreign_keys = on`

/** A simulated hour of a region. */
const committedTogether = 100

/** @param from what was saved; undefined: an empty one. */
export const openScratchStore = async (from?: Saved): Promise<ScratchStore> => {
  const database = from?.database ?? (await nameless((path) => new DatabaseSync(path)))
  const store = createKyselyStore(privateDialect(database, committedTogether))
  await store.migrate()
  return {
    store,
    save: async () => {
      if (database.isTransaction) database.exec('commit')
      const copy = await nameless((path) => {
        database.prepare('vacuum into ?').run(path)
        return new DatabaseSync(path)
      })
      return { database: copy }
    },
  }
}

/** Whatever happens to the process, its file is gone with it. */
const nameless = async (open: (path: string) => DatabaseSync): Promise<DatabaseSync> => {
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-simulated-'))
  try {
    const database = open(join(folder, 'store.db'))
    database.exec(pragmas)
    // SQLite opens the file when it first needs it.
    database.prepare('select count(*) from sqlite_schema').get()
    return database
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
