/** Goes through everything in a store's folder, whether a manifest names it or not. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing } from './atomic-file.ts'

export type StoredFile = {
  /** Relative to the store. */
  readonly path: string
  readonly sizeBytes: number
  readonly modifiedAt: number
}

/** What has vanished meanwhile is left out. */
export async function* walkStore(folder: string, kinds: readonly string[]): AsyncGenerator<StoredFile> {
  for (const kind of kinds) yield* walk(folder, kind)
}

async function* walk(folder: string, path: string): AsyncGenerator<StoredFile> {
  const entries = await readdir(join(folder, path), { withFileTypes: true }).catch(gone)
  for (const entry of entries ?? []) {
    const inside = join(path, entry.name)
    if (entry.isDirectory()) yield* walk(folder, inside)
    else {
      const found = await stat(join(folder, inside)).catch(gone)
      if (found) yield { path: inside, sizeBytes: found.size, modifiedAt: found.mtimeMs }
    }
  }
}

const gone = (error: unknown): undefined => {
  if (!isMissing(error)) throw error
}
