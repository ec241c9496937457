/** Disks as PCs have them: this machine's own, slowed down by the kernel (blkio's throttling of control groups, version 1). */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'

export type DiskKind = {
  readonly name: string
  /** MB/s; undefined: as fast as this machine's. */
  readonly speed?: { readonly write: number; readonly read: number }
}

export const ownDisk: DiskKind = { name: 'this machine’s disk' }
export const slowerDisks: readonly DiskKind[] = [
  { name: 'SATA SSD (450 MB/s written, 500 read)', speed: { write: 450, read: 500 } },
  { name: 'rotating disk (150 MB/s)', speed: { write: 150, read: 150 } },
]

const settings = '/sys/fs/cgroup/blkio/blkio.throttle'

/** A kernel with version 2 alone slows down no disk for all of its users at once. */
export const canBeSlower = (): boolean => existsSync(`${settings}.write_bps_device`)

/** For everybody who uses the device, until it is disposed of. */
export async function slowDown(device: string, { speed }: DiskKind): Promise<AsyncDisposable> {
  const number = (await readFile(`/sys/block/${basename(device)}/dev`, 'utf8')).trim()
  const set = async (write: number, read: number): Promise<void> => {
    await writeFile(`${settings}.write_bps_device`, `${number} ${write * 1e6}\n`)
    await writeFile(`${settings}.read_bps_device`, `${number} ${read * 1e6}\n`)
  }
  if (speed !== undefined) await set(speed.write, speed.read)
  return { [Symbol.asyncDispose]: async () => (speed === undefined ? undefined : set(0, 0)) }
}
