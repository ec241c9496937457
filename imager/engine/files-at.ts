/** Which files lie at these bytes of a file system, by its own tools: for a person who reads what differs. */
import type { FileSystemKind } from '../../imaging/manifest.ts'
import { runProgram } from '../../imaging/program.ts'
import { right } from '../../imaging/refusal.ts'
import { type Volume, withOwnFile } from '../../imaging/used-blocks/volume.ts'
import type { Run } from './verify.ts'

const mostFiles = 48
/** Each place is looked up by reading the file system's tables through: a bounded number of them. */
const mostBlocks = 512
const mostRanges = 24

/** Sorted. Undefined: it cannot be told, because the file system is broken or of another kind. */
export const filesAt = async (
  volume: Volume,
  kind: FileSystemKind,
  runs: readonly Run[],
  scratch: string,
): Promise<readonly string[] | undefined> => {
  switch (kind) {
    case 'ext4':
      return ext4Files(volume, runs)
    case 'ntfs':
      return ntfsFiles(volume, runs, scratch)
    case 'vfat':
    case 'swap':
    case 'raw':
      return undefined
  }
}

const ext4Files = async (volume: Volume, runs: readonly Run[]): Promise<readonly string[] | undefined> => {
  const device = volume.offsetBytes === 0 ? volume.path : `${volume.path}?offset=${volume.offsetBytes}`
  const header = await output('debugfs', ['-R', 'show_super_stats -h', device])
  const blockBytes = Number(/^Block size:\s+(\d+)$/mu.exec(header ?? '')?.[1] ?? Number.NaN)
  if (!Number.isInteger(blockBytes)) return undefined
  const blocks = unitsOf(runs, blockBytes).slice(0, mostBlocks)
  const owners = await output('debugfs', ['-R', `icheck ${blocks.join(' ')}`, device])
  if (owners === undefined) return undefined
  const inodes = new Set([...owners.matchAll(/^\d+\t(\d+)$/gmu)].map(([, inode]) => inode))
  // Below 11 are the file system's own; 2 is the root.
  const named = [...inodes].filter((inode) => inode === '2' || Number(inode) > 10).slice(0, mostFiles)
  if (named.length === 0) return []
  const paths = await output('debugfs', ['-R', `ncheck ${named.join(' ')}`, device])
  return paths === undefined
    ? undefined
    : [
        ...new Set(
          [...paths.matchAll(/^\d+\t(.+)$/gmu)].map(([, path]) => (path ?? '').replace(/^\/+/u, '/')),
        ),
      ]
        .sort()
        .slice(0, mostFiles)
}

const unitsOf = (runs: readonly Run[], unitBytes: number): readonly number[] => {
  const units: number[] = []
  for (const { fromByte, bytes } of runs) {
    const end = fromByte + bytes
    for (let unit = Math.floor(fromByte / unitBytes); unit * unitBytes < end; unit += 1) {
      if (units.length >= mostBlocks) return units
      units.push(unit)
    }
  }
  return units
}

const ntfsFiles = async (
  volume: Volume,
  runs: readonly Run[],
  scratch: string,
): Promise<readonly string[] | undefined> => {
  const found = await withOwnFile(volume, scratch, async (path) => {
    const info = await output('ntfsinfo', ['-f', '-m', path])
    const clusterBytes = Number(/Cluster Size:\s+(\d+)/u.exec(info ?? '')?.[1] ?? Number.NaN)
    if (!Number.isInteger(clusterBytes)) return right(undefined)
    const files = new Set<string>()
    for (const { fromByte, bytes } of runs.slice(0, mostRanges)) {
      const first = Math.floor(fromByte / clusterBytes)
      const last = Math.floor((fromByte + bytes - 1) / clusterBytes)
      const listed = await output('ntfscluster', ['-f', '-c', `${first}-${last}`, path])
      if (listed === undefined) return right(undefined)
      // `Inode 64 /Windows/notepad.exe/$DATA`: the attribute is not the file's name.
      for (const [, file] of listed.matchAll(/^Inode \d+ (.+?)(?:\/\$[A-Z_]+)?$/gmu)) {
        if (file !== undefined) files.add(file)
      }
    }
    return right([...files].sort().slice(0, mostFiles))
  })
  return found.ok ? found.value : undefined
}

/** Undefined: the program is not there, or could not read the file system. */
const output = async (program: string, args: readonly string[]): Promise<string | undefined> => {
  const ran = await runProgram(program, args)
  return ran.ok && ran.value.exitCode === 0 ? ran.value.stdout.toString() : undefined
}
