/** Lets a file system fill its partition where that is larger than the image's. Nothing is touched where it is not. */
import type { FileSystemKind } from '../../imaging/manifest.ts'
import { run, said } from './command.ts'
import { type DiskRange, withRange } from './disk-range.ts'
import { done, failed, type Result } from './result.ts'

export type GrowRequest = {
  readonly range: DiskRange
  readonly fileSystem: FileSystemKind
  /** What the image covers. */
  readonly imageBytes: number
}

/** FAT cannot be grown in place, and boot partitions have no use for it; swap and raw partitions have no size of their own. */
export const growable: Readonly<Record<FileSystemKind, boolean>> = {
  ext4: true,
  ntfs: true,
  vfat: false,
  swap: false,
  raw: false,
}

export async function growFileSystem({ range, fileSystem, imageBytes }: GrowRequest): Promise<Result<void>> {
  if (range.sizeBytes <= imageBytes) return done(undefined)
  switch (fileSystem) {
    case 'ext4':
      return withRange(range, growExt4)
    case 'ntfs':
      return withRange(range, growNtfs)
    case 'vfat':
    case 'swap':
    case 'raw':
      return done(undefined)
  }
}

/** e2fsck(8): 0 clean, 1 errors corrected; resize2fs insists on a forced check before it. */
async function growExt4(device: string): Promise<Result<void>> {
  const checked = await run('e2fsck', ['-f', '-p', device])
  if (checked.exitCode === null || checked.exitCode > 1) {
    return failed('file-system-broken', said('e2fsck', checked))
  }
  const grown = await run('resize2fs', [device])
  return grown.exitCode === 0 ? done(undefined) : failed('file-system-broken', said('resize2fs', grown))
}

/**
 * ntfsresize(8): asks on the terminal unless forced twice, and leaves the volume marked for Windows' own check at its next start, which
 * is wanted: Windows finds its larger size consistent and says so in its log.
 */
async function growNtfs(device: string): Promise<Result<void>> {
  const fixed = await run('ntfsfix', ['--clear-dirty', device])
  if (fixed.exitCode !== 0) return failed('file-system-broken', said('ntfsfix', fixed))
  const grown = await run('ntfsresize', ['--force', '--force', '--no-progress-bar', device], 'y\n')
  return grown.exitCode === 0 ? done(undefined) : failed('file-system-broken', said('ntfsresize', grown))
}
