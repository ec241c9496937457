import type { FileSystemKind, ManifestPartition } from '../manifest.ts'
import { runProgram } from '../program.ts'
import { type Result, refuse, right } from '../refusal.ts'
import { createUsedMap, type UsedMap, wholeMap } from '../used-map.ts'
import { readExt4Map } from './ext4.ts'
import { readNtfsMap } from './ntfs.ts'
import { dirty } from './refusals.ts'
import { readVfatMap } from './vfat.ts'
import type { Volume } from './volume.ts'

export type FileSystem = ManifestPartition['fileSystem'] & {
  /** What blkid calls it, where we do not know it and take every byte of it: `btrfs`. Undefined: known, or nothing there. */
  readonly unknown?: string
  /** It is a whole disk, with a partition table of its own. */
  readonly isDisk?: true
}

const kinds: ReadonlyMap<string, FileSystemKind> = new Map([
  ['ext2', 'ext4'],
  ['ext3', 'ext4'],
  ['ext4', 'ext4'],
  ['ntfs', 'ntfs'],
  ['vfat', 'vfat'],
  ['swap', 'swap'],
])

/** What blkid finds in the bytes themselves; nothing is mounted. */
export const probeFileSystem = async ({
  path,
  offsetBytes,
  sizeBytes,
}: Volume): Promise<Result<FileSystem>> => {
  const where = [`--offset=${offsetBytes}`, `--size=${sizeBytes}`]
  const ran = await runProgram('blkid', ['--probe', ...where, '--output', 'export', path])
  if (!ran.ok) return ran
  const { exitCode, stdout, stderr } = ran.value
  // 2: nothing found. 8: several at once, as after a careless reformat.
  if (exitCode === 8) {
    return refuse(
      'file-system-ambiguous',
      'There are traces of several file systems in one partition. Remove the old one in its own system: wipefs',
      'Une partition contient les traces de plusieurs systèmes de fichiers. Effacez l’ancien depuis son propre système\u00a0: wipefs',
      stderr,
    )
  }
  if (exitCode !== 0) return right({ kind: 'raw' })
  const found = new Map(
    stdout
      .toString()
      .split('\n')
      .flatMap((line) => {
        const at = line.indexOf('=')
        return at === -1 ? [] : [[line.slice(0, at), unquote(line.slice(at + 1))] as const]
      }),
  )
  const type = found.get('TYPE')
  if (type === undefined) return right({ kind: 'raw', ...(found.has('PTTYPE') ? { isDisk: true } : {}) })
  if (type === 'swsuspend') return dirty('swap', '')
  const kind = kinds.get(type)
  const [uuid, label] = [found.get('UUID'), found.get('LABEL')]
  return right({
    kind: kind ?? 'raw',
    ...(uuid === undefined ? {} : { uuid }),
    ...(label === undefined ? {} : { label: label.replace(/\p{Cc}/gu, '') }),
    ...(kind === undefined ? { unknown: type } : {}),
  })
}

/** blkid's export format puts a backslash before what a shell would take for its own. */
const unquote = (text: string): string => text.replace(/\\(.)/gu, '$1')

/** A page of the kernel that made it, and its signature at its end. */
const swapHeaderBytes = 4096

/**
 * Which bytes of the volume are used, read without mounting it. Refused: a file system that was not closed properly.
 * `scratch`: an existing folder for what a tool needs beside.
 */
export const readUsedMap = async (
  volume: Volume,
  kind: FileSystemKind,
  scratch: string,
): Promise<Result<UsedMap>> => {
  switch (kind) {
    case 'ext4':
      return readExt4Map(volume, scratch)
    case 'ntfs':
      return readNtfsMap(volume, scratch)
    case 'vfat':
      return readVfatMap(volume)
    case 'swap':
      return right(createUsedMap(volume.sizeBytes, [{ fromByte: 0, bytes: swapHeaderBytes }]))
    case 'raw':
      return right(wholeMap(volume.sizeBytes))
  }
}
