import type { Desired } from './desired.ts'
import { digestOfParts } from './digest.ts'
import type { Revision } from './ids.ts'

/** A park's files: path relative to the park's root, with `/` → contents. The contents are never changed once they are in the map. */
export type ParkFiles = ReadonlyMap<string, Uint8Array>

/** The largest file that a park may use. A reader puts `OVERSIZED` in place of a larger one, so that compiling says so at the place of use. */
export const maxFileBytes = 8 * 1024 * 1024

/** Stands for the contents of any file larger than `maxFileBytes`. */
export const OVERSIZED = new Uint8Array(maxFileBytes + 1)

/** More files than any park has; protects against being pointed at `/` by mistake. */
export const maxFiles = 50_000

/** Whether a path takes part in a park: nothing in a folder (or a file) whose name begins with a dot does, nor does `node_modules`. */
export const belongsToPark = (path: string): boolean =>
  path.split('/').every((part) => part !== '' && !part.startsWith('.') && part !== 'node_modules')

export const isSpecFile = (path: string): boolean => path.endsWith('.yaml') || path.endsWith('.yml')

/** Code-unit order: the same on every machine, whatever its locale. */
export const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The revision of a folder that is not a commit: `folder:<hex>` of all paths and contents, in the order of the paths. */
export function folderRevision(files: ParkFiles): Revision {
  const parts: (string | Uint8Array)[] = []
  for (const path of [...files.keys()].sort(byCodeUnit)) parts.push(path, files.get(path) ?? '')
  return digestOfParts(parts).replace('sha256:', 'folder:') as Revision
}

/** The revision of a folder that compiles: `folder:<hex>` of what it compiles to. */
export const desiredRevision = ({ digest }: Pick<Desired, 'digest'>): Revision =>
  digest.replace('sha256:', 'folder:') as Revision
