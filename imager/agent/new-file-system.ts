/** Makes the file systems that no image brings: the cache, partitions to be kept when they are new, empty ones, swap. */
import { open } from 'node:fs/promises'
import { run, said } from './command.ts'
import { type DiskRange, withRange } from './disk-range.ts'
import type { NewFileSystem } from './partition-type.ts'
import { done, failed, type Result } from './result.ts'

export type FileSystemRequest = {
  readonly kind: NewFileSystem
  readonly label: string
  /** Kept, so that what mounts it by its identifier (fstab) still finds it. */
  readonly uuid?: string
}

/** Everything that was in the stretch is gone afterwards. */
export const makeFileSystem = (range: DiskRange, request: FileSystemRequest): Promise<Result<void>> =>
  withRange(range, async (device) => {
    await clearBothEnds(device, range.sizeBytes)
    const command = makeCommand(request, range)
    if (command === undefined) return done(undefined)
    const [program, ...args] = command
    const made = await run(program, [...args, device])
    return made.exitCode === 0 ? done(undefined) : failed('layout-failed', said(program, made))
  })

function makeCommand(
  { kind, label, uuid }: FileSystemRequest,
  { offsetBytes }: DiskRange,
): readonly [string, ...string[]] | undefined {
  switch (kind) {
    case 'ext4':
      // No blocks reserved for root: nothing of root's writes there but the imager.
      return [
        'mke2fs',
        '-q',
        '-F',
        '-t',
        'ext4',
        '-m',
        '0',
        '-L',
        label.slice(0, 16),
        ...(uuid ? ['-U', uuid] : []),
      ]
    case 'ntfs':
      // Windows boots from a partition only if it knows its own first sector.
      return [
        'mkntfs',
        ...['--quick', '--force', '--quiet', '--label', label.slice(0, 32)],
        ...['--partition-start', `${offsetBytes / 512}`, '--heads', '255', '--sectors-per-track', '63'],
      ]
    case 'vfat':
      return [
        'mkfs.vfat',
        '-n',
        label.slice(0, 11).toUpperCase(),
        ...(uuid ? ['-i', uuid.replace('-', '')] : []),
      ]
    case 'swap':
      return ['mkswap', '-L', label.slice(0, 15), ...(uuid ? ['-U', uuid] : [])]
    case 'none':
      return undefined
  }
}

const endBytes = 1024 * 1024

/** Signatures of what lay here before (RAID, LVM, another file system) would be taken for it later. */
async function clearBothEnds(device: string, sizeBytes: number): Promise<void> {
  const zeros = new Uint8Array(Math.min(endBytes, sizeBytes))
  const file = await open(device, 'r+')
  try {
    await file.write(zeros, 0, zeros.length, 0)
    await file.write(zeros, 0, zeros.length, sizeBytes - zeros.length)
  } finally {
    await file.close()
  }
}
