/** Lends a file system of the disk as a folder. */
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, said } from './command.ts'
import { type DiskRange, giveBack, withRange } from './disk-range.ts'
import { failed, type Result } from './result.ts'

export type MountKind =
  | 'ext4'
  | 'ntfs'
  /** Writes nothing but what the journal still holds. */
  | 'ext4-read'
  /** Writes nothing, not even the journal's leftovers: for disks that may not be ours. */
  | 'ext4-untouched'
  | 'ntfs-untouched'

/** What was written is on the disk when this returns. `file-system-broken`: it cannot be mounted. */
export const withMounted = <T>(
  range: DiskRange,
  kind: MountKind,
  use: (folder: string) => Promise<Result<T>>,
): Promise<Result<T>> =>
  withRange(range, async (device) => {
    const folder = await mkdtemp(join(tmpdir(), 'mounted-'))
    try {
      const [program, ...args] = mountCommand(kind, device, folder)
      const mounted = await run(program, args)
      if (mounted.exitCode !== 0) return failed('file-system-broken', said(program, mounted))
      try {
        return await use(folder)
      } finally {
        await giveBack('umount', folder)
      }
    } finally {
      await rmdir(folder)
    }
  })

function mountCommand(kind: MountKind, device: string, folder: string): readonly [string, ...string[]] {
  switch (kind) {
    case 'ext4':
      return ['mount', '-t', 'ext4', '-o', 'rw,noatime,nosuid,nodev', device, folder]
    case 'ext4-read':
      return ['mount', '-t', 'ext4', '-o', 'ro,nosuid,nodev,noexec', device, folder]
    case 'ext4-untouched':
      return ['mount', '-t', 'ext4', '-o', 'ro,noload,nosuid,nodev,noexec', device, folder]
    case 'ntfs':
      // A Windows that was sent to sleep left its state in a file that no longer fits: it goes.
      return ['ntfs-3g', '-o', 'rw,noatime,remove_hiberfile', device, folder]
    case 'ntfs-untouched':
      return ['ntfs-3g', '-o', 'ro', device, folder]
  }
}
