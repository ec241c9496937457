/** Before the first byte of a system changes: from here on nothing but the imager starts from this disk. */
import { open } from 'node:fs/promises'
import { partitionTypes } from '../../imaging/partition-type.ts'
import { writeBootCode } from './bios-loader.ts'
import { closeGate } from './cache-partition.ts'
import { cachePartition, rangeOf } from './look.ts'
import { withMounted } from './mounted.ts'
import type { DiskTable } from './partition-table.ts'
import { done, type Result } from './result.ts'

const destroyedBytes = 1024 * 1024

/** With our cache partition the boot menu's gate is closed; without one, what firmware could start is destroyed. */
export async function closeDiskGate(device: string, disk: DiskTable): Promise<Result<void>> {
  const cache = cachePartition(disk)
  if (cache !== undefined) {
    const closed = await withMounted(rangeOf(device, cache), 'ext4', closeGate)
    if (closed.ok) return closed
    // A cache that cannot be mounted has no menu that could start anything; the old way then.
  }
  await destroyBootPath(device, disk)
  return done(undefined)
}

/** The MBR's code, and the beginning of each EFI system partition. */
export async function destroyBootPath(device: string, disk: DiskTable): Promise<void> {
  await writeBootCode(device, new Uint8Array())
  const esps = disk.partitions.filter(({ type }) =>
    [partitionTypes.esp.gpt, partitionTypes.esp.mbr].includes(type),
  )
  const file = await open(device, 'r+')
  try {
    for (const { startBytes, sizeBytes } of esps) {
      const zeros = new Uint8Array(Math.min(destroyedBytes, sizeBytes))
      await file.write(zeros, 0, zeros.length, startBytes)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}
