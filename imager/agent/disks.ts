/** The PC's fixed disks, and which of them an order means. */

import { realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { HelloDisk } from '../../imaging/protocol.ts'
import { names, textOf, withoutGaps } from './hardware.ts'
import type { DiskTable } from './partition-table.ts'
import { failed, type Result } from './result.ts'

export type Disk = {
  /** Kernel name: `sda`, `nvme0n1`. */
  readonly name: string
  /** Where it is opened. */
  readonly device: string
  readonly sizeBytes: number
  readonly sectorBytes: number
  readonly model?: string
  readonly serial?: string
  readonly rotational: boolean
  readonly bus?: string
}

/** Never a PC's disk: memory, optical drives, floppies, what is put together from others. */
const notDisks = /^(?:loop|ram|zram|sr|fd|dm-|md|nbd|mtdblock)|boot\d+$|rpmb$/

/** Fixed disks that can be written: neither removable, nor behind USB, nor write-protected, nor without a medium. */
export async function readDisks(root: string): Promise<readonly Disk[]> {
  const folder = join(root, 'sys/block')
  const disks: Disk[] = []
  for (const name of await names(folder)) {
    if (notDisks.test(name)) continue
    const block = join(folder, name)
    // The kernel counts in 512 bytes here whatever the sector.
    const sizeBytes = Number((await textOf(join(block, 'size'))) ?? 0) * 512
    const bus = busOf(await realpath(block), name)
    const excluded =
      sizeBytes === 0 ||
      bus === 'usb' ||
      (await textOf(join(block, 'removable'))) === '1' ||
      (await textOf(join(block, 'ro'))) === '1'
    if (excluded) continue
    disks.push({
      name,
      device: resolve('/dev', name),
      sizeBytes,
      sectorBytes: Number((await textOf(join(block, 'queue/logical_block_size'))) ?? 512),
      rotational: (await textOf(join(block, 'queue/rotational'))) === '1',
      ...withoutGaps({
        model: printable(await textOf(join(block, 'device/model'))),
        serial: printable(await serialOf(block)),
        bus,
      }),
    })
  }
  return disks
}

/** From the device's place in the tree of buses. */
function busOf(path: string, name: string): string | undefined {
  if (/\/usb\d/.test(path)) return 'usb'
  if (/^nvme/.test(name)) return 'nvme'
  if (/^mmcblk/.test(name)) return 'mmc'
  if (/\/virtio\d/.test(path)) return 'virtio'
  if (/\/ata\d/.test(path)) return 'sata'
  return /\/host\d/.test(path) ? 'scsi' : undefined
}

/** `textOf` drops the header's zero bytes; 0x80 is not UTF-8 and becomes one character, the length another. */
const pageHeaderLeft = 2

/** virtio and NVMe say it in a file; SATA in the SCSI page 0x80, after four bytes of header (SPC-4, 7.8.15). */
async function serialOf(block: string): Promise<string | undefined> {
  const own = (await textOf(join(block, 'serial'))) ?? (await textOf(join(block, 'device/serial')))
  if (own !== undefined) return own
  return (await textOf(join(block, 'device/vpd_pg80')))?.slice(pageHeaderLeft)
}

const printable = (text: string | undefined): string | undefined => {
  const clean = text?.replaceAll(/[^\x20-\x7e]/g, '').trim()
  return clean === '' ? undefined : clean
}

/**
 * The disk that an order means. `wanted`: kernel name, model or serial as in the specs; without it there must be exactly one.
 * `several-disks` when the specs' word fits more than one, too.
 */
export function chooseDisk(disks: readonly Disk[], wanted: string | undefined): Result<Disk> {
  const described = disks.map(({ name, model, serial, sizeBytes }) =>
    [name, model, serial, `${(sizeBytes / 1e9).toFixed(1)} GB`]
      .filter((word) => word !== undefined)
      .join(' '),
  )
  const meant =
    wanted === undefined
      ? disks
      : disks.filter(({ name, model, serial }) => [name, model, serial].includes(wanted))
  const [first, second] = meant
  if (first === undefined) {
    return failed('no-disk', wanted === undefined ? '' : `${wanted}: ${described.join(', ') || '-'}`)
  }
  return second === undefined ? { ok: true, value: first } : failed('several-disks', described.join(', '))
}

/** A disk and its table as the hello tells them. */
export const helloDisk = (disk: Disk, table: DiskTable | undefined): HelloDisk => ({
  name: disk.name,
  sizeBytes: disk.sizeBytes,
  sectorBytes: disk.sectorBytes,
  rotational: disk.rotational,
  ...withoutGaps({
    model: disk.model,
    serial: disk.serial,
    bus: disk.bus,
    table: table?.table?.kind,
  }),
  partitions: (table?.partitions ?? []).map((partition) => ({
    number: partition.number,
    startBytes: partition.startBytes,
    sizeBytes: partition.sizeBytes,
    type: partition.type,
    ...withoutGaps({
      name: partition.name,
      fileSystem: partition.content?.kind,
      label: partition.content?.label,
    }),
  })),
})
