import { randomBytes } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { say, type Text } from '../specs/text.ts'

export type StoreFull = { readonly ok: false; readonly code: 'store-full'; readonly message: Text }

/** What a killed process may leave behind; swept by garbage collection when it is old. */
export const isTemporary = (name: string): boolean => name.startsWith('.new-')

/**
 * The file has its whole content or is not there (or has its old one), whenever the process or the machine stops. The name itself
 * is durable once the folder is synced (`syncFolder`), which many files of one folder share.
 */
export const writeAtomically = async (
  path: string,
  bytes: Uint8Array,
): Promise<{ readonly ok: true } | StoreFull> => {
  const temporary = join(
    dirname(path),
    `.new-${basename(path).slice(0, 16)}-${randomBytes(8).toString('hex')}`,
  )
  try {
    const file = await open(temporary, 'wx', 0o644)
    try {
      await file.writeFile(bytes)
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    return { ok: true }
  } catch (error) {
    await removeIfThere(temporary)
    if (isFull(error)) return storeFull(path)
    throw error
  }
}

export const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** False: there was none. */
export const removeIfThere = async (path: string): Promise<boolean> => {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

export const isMissing = (error: unknown): boolean => hasCode(error, 'ENOENT')

export const isFull = (error: unknown): boolean => hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT')

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

export const storeFull = (path: string): StoreFull => ({
  ok: false,
  code: 'store-full',
  message: say(
    `The disk that holds the image store is full (${dirname(path)}). Free some space, for example with proviseur image gc, then start again: what was stored already is found again.`,
    `Le disque qui contient le dépôt d’images est plein (${dirname(path)}). Libérez de l’espace, par exemple avec proviseur image gc, puis relancez\u00a0: ce qui est déjà enregistré sera retrouvé.`,
  ),
})
