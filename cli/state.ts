import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Store } from '../reconciler/store/store.ts'
import { say } from '../specs/text.ts'
import { isFile, type Place, sqlitePath } from './place.ts'
import { ok, type Result, refuse } from './result.ts'

/** Makes the state folder: it holds a private key, so nobody else may look into it, and no `git add --all` may commit it. */
export const makeStateFolder = async (state: string): Promise<void> => {
  const made = await mkdir(state, { recursive: true, mode: 0o700 })
  if (made !== undefined) await chmod(state, 0o700)
  const ignore = join(state, '.gitignore')
  if (!(await isFile(ignore))) await writeFile(ignore, '*\n')
}

/** Opens the store for work, making it where there is none yet. */
export const openStoreAt = async (place: Place): Promise<Store> => {
  const { openStore } = await import('../reconciler/store/open.ts')
  // The store first: it says best what is wrong with a place where nothing can be made.
  const store = await openStore(place.storeUrl)
  await makeStateFolder(place.state)
  return store
}

/** Opens the store only if it is there: commands that read make nothing. */
export const openStoreIfThere = async (place: Place): Promise<Store | undefined> => {
  const path = sqlitePath(place.storeUrl)
  return path === undefined || (await isFile(path)) ? openStoreAt(place) : undefined
}

/** Opens the store for a command that makes no sense before `up` ever ran. */
export const openStoreInUse = async (place: Place): Promise<Result<Store>> => {
  const store = await openStoreIfThere(place)
  if (store !== undefined) return ok(store)
  return refuse(
    'no-store',
    say(
      `Nothing is stored for this park yet (${place.storeUrl}). Start it with proviseur up, or say where it is: --state, --store.`,
      `Rien n’est encore enregistré pour ce parc (${place.storeUrl}). Démarrez-le avec proviseur up, ou indiquez où il se trouve\u00a0: --state, --store.`,
    ),
  )
}
