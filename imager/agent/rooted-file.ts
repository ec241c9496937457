/**
 * Files inside a system that is mounted somewhere: symbolic links in it mean its own root, not ours. A pupil's link must not lead a
 * write out of the mounted system.
 */
import { chmod, chown, lstat, mkdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isMissing } from '../../imaging/atomic-file.ts'

export type Owned = { readonly mode: number; readonly uid?: number; readonly gid?: number }

/** As many as Linux follows. */
const mostLinks = 40

/** Where an absolute path of the system really is. The last part is not followed. Undefined: links without end. */
export async function placeOf(root: string, path: string): Promise<string | undefined> {
  let left = parts(path)
  let at: string[] = []
  for (let links = 0; left.length > 0; ) {
    const [part = '', ...rest] = left
    left = rest
    if (part === '..') {
      at = at.slice(0, -1)
      continue
    }
    const target = rest.length === 0 ? undefined : await linkAt(join(root, ...at, part))
    if (target === undefined) {
      at.push(part)
      continue
    }
    links += 1
    if (links > mostLinks) return undefined
    if (target.startsWith('/')) at = []
    left = [...parts(target), ...rest]
  }
  return join(root, ...at)
}

const parts = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.')

const linkAt = async (path: string): Promise<string | undefined> => {
  const found = await lstat(path).catch(absent)
  return found?.isSymbolicLink() === true ? readlink(path) : undefined
}

/** Replaces the file, or the link that is in its place; makes missing folders, 0755 and root's. */
export async function writeRooted(
  root: string,
  path: string,
  contents: string | Uint8Array,
  { mode, uid = 0, gid = 0 }: Owned,
): Promise<void> {
  const place = await insideOf(root, path)
  await mkdir(dirname(place), { recursive: true, mode: 0o755 })
  await rm(place, { force: true })
  await writeFile(place, contents, { mode })
  await chmod(place, mode)
  await chown(place, uid, gid)
}

/** Makes the folder where there is none, and gives it to its owner; a link in its place goes. */
export async function makeRooted(
  root: string,
  path: string,
  { mode, uid = 0, gid = 0 }: Owned,
): Promise<void> {
  const place = await insideOf(root, path)
  const found = await lstat(place).catch(absent)
  if (found !== undefined && !found.isDirectory()) await rm(place)
  await mkdir(place, { recursive: true, mode: 0o755 })
  await chmod(place, mode)
  await chown(place, uid, gid)
}

/** Undefined: there is none. */
export async function readRooted(root: string, path: string): Promise<string | undefined> {
  const place = await placeOf(root, path)
  return place === undefined ? undefined : readFile(place, 'utf8').catch(absent)
}

/** Whether there is anything of that name. */
export async function existsRooted(root: string, path: string): Promise<boolean> {
  const place = await placeOf(root, path)
  return place !== undefined && (await lstat(place).catch(absent)) !== undefined
}

export async function removeRooted(root: string, path: string): Promise<void> {
  const place = await placeOf(root, path)
  if (place !== undefined) await rm(place, { recursive: true, force: true })
}

const insideOf = async (root: string, path: string): Promise<string> => {
  const place = await placeOf(root, path)
  if (place === undefined) throw new Error(`${path}: links without end`)
  return place
}

const absent = (error: unknown): undefined => {
  if (!isMissing(error)) throw error
}
