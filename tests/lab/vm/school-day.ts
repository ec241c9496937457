/** What becomes of a PC's disk between two starts. The PC is off meanwhile: all of it is done to the disk as a file. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { overwrite, placeOf, writeExt4 } from '../../imager/agent/pc-disk.ts'
import { run } from '../../imager/agent/run.ts'
import type { Blocks } from './disk-tree.ts'

/** One in a hundred of these blocks is noise afterwards. */
export async function scribble(
  disk: string,
  partition: string,
  { sizeBytes, positions }: Blocks,
): Promise<void> {
  const { startBytes } = await placeOf(disk, partition)
  for (const position of positions.filter((_, index) => index % 100 === 0))
    await overwrite(disk, startBytes + position, randomBytes(sizeBytes))
}

/**
 * What pupils leave behind in a system: work where it is kept (the folder /home/partage, the partition `data`), a rogue file, and one
 * that is gone. The work's file is called `name`, and so is its content. `scratch`: a folder.
 */
export async function spendDay(
  disk: string,
  partition: string,
  name: string,
  scratch: string,
): Promise<void> {
  const file = join(scratch, name)
  await writeFile(file, `${name}\n`)
  await writeExt4(disk, 'data', file, name)
  await writeExt4(disk, partition, file, `/home/partage/${name}`)
  await writeExt4(disk, partition, file, '/etc/virus')
  const { startBytes } = await placeOf(disk, partition)
  await run('debugfs', '-w', '-R', 'rm /etc/fstab', `${disk}?offset=${startBytes}`)
}

/** What `spendDay` leaves of a system's tree to be repaired. */
export const DAMAGED = ['etc/fstab', 'etc/virus'] as const
