/** The independent look at a system on a PC's disk: the tree of its files as debugfs reads it, and the places where its blocks lie. */
import { createHash } from 'node:crypto'
import { lstat, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { inExt4 } from '../../imager/agent/pc-disk.ts'

/** Path → kind, mode, owner and content's digest. */
export type Tree = ReadonlyMap<string, string>

export async function treeOf(disk: string, partition: string): Promise<Tree> {
  const folder = await mkdtemp(join(tmpdir(), 'tree-'))
  try {
    await inExt4(disk, partition, `rdump / ${folder}`)
    const tree = new Map<string, string>()
    // With types, as it would otherwise go on into what links of the disk's system mean here.
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name)
      const path = relative(folder, file)
      const { mode, uid, gid } = await lstat(file)
      const kind = mode & 0o170000
      const content =
        kind === 0o100000
          ? createHash('sha256')
              .update(await readFile(file))
              .digest('hex')
          : kind === 0o120000
            ? await readlink(file)
            : ''
      tree.set(path, `${mode.toString(8)} ${uid}:${gid} ${content}`)
    }
    return tree
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What one has and the other has not, or has otherwise. */
export const differences = (a: Tree, b: Tree): readonly string[] =>
  [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path)).sort()

export type Blocks = {
  readonly sizeBytes: number
  /** Bytes from the partition's beginning, in the file's order. */
  readonly positions: readonly number[]
}

/** Where in its partition a file's content lies. */
export async function blocksOf(disk: string, partition: string, path: string): Promise<Blocks> {
  const header = await inExt4(disk, partition, 'show_super_stats -h')
  const sizeBytes = Number(/^Block size:\s+(\d+)$/m.exec(header)?.[1])
  const numbers = (await inExt4(disk, partition, `blocks ${path}`)).trim().split(/\s+/).map(Number)
  if (!(sizeBytes > 0) || !numbers.every((number) => number > 0)) throw new Error(`no blocks of ${path}`)
  return { sizeBytes, positions: numbers.map((number) => number * sizeBytes) }
}
