/**
 * A stretch of a disk, as a loop device.
 *
 * The imager works on the whole disk and byte offsets alone. The kernel's own partition nodes are never used: after a new
 * partition table they come late, or not at all while something holds the old ones, and a disk image in a file has none.
 */
import { open } from 'node:fs/promises'
import { run, said } from './command.ts'
import { failed, type Result } from './result.ts'

export type DiskRange = {
  /** The whole disk: a block device, or a file. */
  readonly device: string
  readonly offsetBytes: number
  readonly sizeBytes: number
}

/** Lends the stretch as a block device for as long as `use` runs; what was written is on the disk when this returns. */
export async function withRange<T>(
  range: DiskRange,
  use: (loopDevice: string) => Promise<Result<T>>,
): Promise<Result<T>> {
  const args = ['--offset', `${range.offsetBytes}`, '--sizelimit', `${range.sizeBytes}`]
  const attached = await run('losetup', [...args, '--find', '--show', range.device])
  if (attached.exitCode !== 0) {
    return failed(
      (await isReadable(range)) ? 'loop-device-failed' : 'disk-unreadable',
      said('losetup', attached),
    )
  }
  const loopDevice = attached.stdout.trim()
  try {
    const result = await use(loopDevice)
    await flush(loopDevice)
    await flush(range.device)
    return result
  } finally {
    await giveBack('losetup', '--detach', loopDevice)
  }
}

/** A disk that was pulled out or has died says so when it is asked; else it is not the disk that is to be replaced. */
async function isReadable({ device, offsetBytes }: DiskRange): Promise<boolean> {
  try {
    const file = await open(device)
    try {
      const sector = Buffer.alloc(512)
      return (await file.read(sector, 0, sector.length, offsetBytes)).bytesRead > 0
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}

/** For what was lent and is ours alone: that it cannot be given back is a fault of ours. */
export async function giveBack(program: string, ...args: readonly string[]): Promise<void> {
  const ran = await run(program, args)
  if (ran.exitCode !== 0) throw new Error(said(program, ran))
}

/** Waits until what was written to a device or file is on the medium. */
export async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
