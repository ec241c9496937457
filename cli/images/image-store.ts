import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ImageStore, openFolderStore } from '../../imaging/folder-store.ts'
import type { Context } from '../context.ts'
import type { ExitCode } from '../exit.ts'
import type { Given } from '../given.ts'
import { locate, type Place } from '../place.ts'
import { signingKeyPath } from '../signing-keys.ts'

export const imageFolder = (state: string): string => join(state, 'images')

/** What every image command works on: the park, and the store in its state folder (which may be empty, or not there yet). */
export const withImages = async (
  context: Context,
  given: Given,
  use: (place: Place, images: ImageStore) => Promise<ExitCode>,
): Promise<ExitCode> => {
  const place = await locate(context, given)
  if (!place.ok) return context.fail(place.reason)
  return use(place.value, openFolderStore(imageFolder(place.value.state)))
}

/** The park's public key; undefined before the first image is signed. */
export const readPublicKey = (state: string): Promise<string | undefined> =>
  readFile(`${signingKeyPath(state, 'image-signing')}.pub`, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })

/**
 * A folder for copies as large as a disk, removed afterwards, whatever happens; what a killed import left there is removed too. By
 * default beside the store: a /tmp in memory would be too small.
 */
export const withScratch = async <T>(folder: string, use: (folder: string) => Promise<T>): Promise<T> => {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of await readdir(folder)) {
    const pid = /^import-(\d+)$/u.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(folder, name), { recursive: true, force: true })
  }
  const own = join(folder, `import-${process.pid}`)
  await mkdir(own, { mode: 0o700 })
  try {
    return await use(own)
  } finally {
    await rm(own, { recursive: true, force: true })
  }
}

/** Signal 0 asks only; a process of somebody else answers EPERM. */
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
