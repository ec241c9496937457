import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { say, type Text } from '../../specs/text.ts'
import { createKyselyStore } from './kysely-store.ts'
import type { Store } from './store.ts'
import { StoreError } from './store-error.ts'

/**
 * Opens the store and brings its schema up to date.
 * @param url `sqlite:/path/to/file.db`, `sqlite::memory:` (gone with the process), or `postgres://…`.
 * @throws StoreError when the database cannot be reached or used; StoreUrlError when the address is none of these.
 */
export const openStore = async (url: string): Promise<Store> => {
  const store = createKyselyStore(await dialectOf(url))
  try {
    await store.migrate()
    return store
  } catch (thrown) {
    await store.close()
    throw thrown
  }
}

export class StoreUrlError extends Error {
  override readonly name = 'StoreUrlError'
  readonly code = 'store-url'
  readonly text: Text

  constructor(url: string) {
    const scheme = url.slice(0, Math.max(0, url.indexOf(':')))
    const text = say(
      `Not the address of a store ("${scheme}:"): write sqlite:/path/to/file.db or postgres://…`,
      `Ce n’est pas l’adresse d’une base (« ${scheme}: ») : écrivez sqlite:/chemin/du/fichier.db ou postgres://…`,
    )
    super(text.en)
    this.text = text
  }
}

const dialectOf = async (url: string): Promise<Parameters<typeof createKyselyStore>[0]> => {
  // Each only where it is wanted: a driver takes as long to load as a small command takes in all.
  if (url.startsWith('sqlite:')) {
    const path = url.slice('sqlite:'.length)
    if (path !== ':memory:') await makeFolder(dirname(path))
    const { sqliteDialect } = await import('./sqlite-dialect.ts')
    return sqliteDialect(path)
  }
  if (/^postgres(ql)?:\/\//.test(url)) {
    const { postgresDialect } = await import('./postgres-dialect.ts')
    return postgresDialect(url)
  }
  throw new StoreUrlError(url)
}

const makeFolder = async (folder: string): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  } catch (thrown) {
    throw new StoreError('store-unreadable', thrown instanceof Error ? thrown.message : folder, thrown)
  }
}
