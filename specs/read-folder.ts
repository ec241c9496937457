import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { belongsToPark, byCodeUnit, maxFileBytes, maxFiles, OVERSIZED, type ParkFiles } from './files.ts'
import { ParkError } from './park-error.ts'
import { say } from './text.ts'

const readsAtOnce = 32

/**
 * A park's files from a folder. Symbolic links are left out, as are hidden files and folders: the same park read from Git has
 * the same files. Raises `ParkError`: `no-folder`, `too-many-files`.
 */
export async function readFolder(dir: string): Promise<ParkFiles> {
  const root = await stat(dir).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (!root?.isDirectory()) {
    throw new ParkError('no-folder', say(`There is no folder ${dir}.`, `Il n’y a pas de dossier ${dir}.`))
  }
  const paths: string[] = []
  const folders = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(dir, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (!belongsToPark(path)) continue
      if (entry.isDirectory()) folders.push(path)
      else if (entry.isFile()) paths.push(path)
    }
    if (paths.length > maxFiles) throw tooManyFiles()
  }
  const files = new Map<string, Uint8Array>()
  const sorted = paths.sort(byCodeUnit)
  for (let start = 0; start < sorted.length; start += readsAtOnce) {
    const batch = sorted.slice(start, start + readsAtOnce)
    const contents = await Promise.all(batch.map((path) => readBounded(join(dir, path))))
    for (const [index, bytes] of contents.entries()) {
      const path = batch[index]
      if (path !== undefined && bytes) files.set(path, bytes)
    }
  }
  return files
}

/** Undefined: deleted since it was listed. */
async function readBounded(path: string): Promise<Uint8Array | undefined> {
  try {
    const { size } = await stat(path)
    return size > maxFileBytes ? OVERSIZED : new Uint8Array(await readFile(path))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')

export const tooManyFiles = (): ParkError =>
  new ParkError(
    'too-many-files',
    say(
      `This folder has more than ${maxFiles} files; a park is a folder of its own.`,
      `Ce dossier a plus de ${maxFiles} fichiers ; un parc est un dossier à part.`,
    ),
  )
