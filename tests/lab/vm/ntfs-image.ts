/** An NTFS partition with files, for the multi-boot tests: made by ntfs-3g's own tools, as there is no Windows here. */
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { must } from '../command.ts'

/**
 * Writes the image of one partition (no partition table) to `file`. `contents`: path below `C:` → contents. The volume's serial number is
 * random, as mkntfs can draw no other.
 */
export async function makeNtfsImage(
  file: string,
  sizeBytes: number,
  contents: Readonly<Record<string, string | Buffer>>,
  label = 'Windows',
): Promise<void> {
  await writeFile(file, '')
  await truncate(file, sizeBytes)
  await must('mkntfs', ['--quick', '--force', '--quiet', '--label', label, file])
  const mountPoint = await mkdtemp(join(tmpdir(), 'ntfs-'))
  try {
    await must('ntfs-3g', [file, mountPoint])
    try {
      for (const [path, content] of Object.entries(contents)) {
        await mkdir(dirname(join(mountPoint, path)), { recursive: true })
        await writeFile(join(mountPoint, path), content)
      }
    } finally {
      // Returns when ntfs-3g has written everything.
      await must('umount', [mountPoint])
    }
  } finally {
    await rm(mountPoint, { recursive: true })
  }
}
