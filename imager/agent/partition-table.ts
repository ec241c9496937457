/** A disk's partition table as sfdisk reads it, and what lies in its partitions as blkid sees it. */
import { stat } from 'node:fs/promises'
import { parseSfdiskDump, type TableEntry, tableEntry, tableId } from '../../imaging/sfdisk-dump.ts'
import { run, said } from './command.ts'
import { done, failed, type Result } from './result.ts'

export type DiskTable = {
  readonly sizeBytes: number
  readonly sectorBytes: number
  /** Undefined: the disk has no table that can be read. */
  readonly table?: {
    readonly kind: 'gpt' | 'mbr'
    /** As in manifests: a GUID in upper case, or 8 hex digits. */
    readonly id: string
  }
  /** A file system, LVM or RAID member that takes the whole disk, without a table. */
  readonly content?: Content
  readonly partitions: readonly TablePartition[]
}

export type TablePartition = TableEntry & {
  /** Undefined: nothing that blkid knows. */
  readonly content?: Content
}

export type Content = { readonly kind: string; readonly label?: string; readonly uuid?: string }

/** `sizeBytes`, `sectorBytes` from the kernel (hardware.ts), because sfdisk says neither for a disk without a table. */
export async function readDiskTable(
  device: string,
  { sizeBytes, sectorBytes }: { readonly sizeBytes: number; readonly sectorBytes: number },
): Promise<Result<DiskTable>> {
  const dumped = await run('sfdisk', ['--json', device])
  if (dumped.exitCode === 127) return failed('program-error', said('sfdisk', dumped))
  if (dumped.exitCode !== 0 && /Input\/output error|cannot read/i.test(dumped.stderr)) {
    return failed('disk-unreadable', said('sfdisk', dumped))
  }
  const json = dumped.exitCode === 0 ? parseSfdiskDump(dumped.stdout) : undefined
  const kind = json?.label === 'gpt' ? 'gpt' : json?.label === 'dos' ? 'mbr' : undefined
  if (json === undefined || kind === undefined) {
    const content = await probe(device)
    return done({ sizeBytes, sectorBytes, partitions: [], ...(content === undefined ? {} : { content }) })
  }
  const partitions: TablePartition[] = []
  for (const entry of json.partitions ?? []) {
    const placed = tableEntry(entry, kind, sectorBytes)
    const content = await probe(device, placed.startBytes, placed.sizeBytes)
    partitions.push({ ...placed, ...(content === undefined ? {} : { content }) })
  }
  partitions.sort((a, b) => a.number - b.number)
  return done({ sizeBytes, sectorBytes, table: { kind, id: tableId(kind, json.id ?? '') }, partitions })
}

/** Bytes of a disk image in a file. */
export const fileSizeBytes = async (path: string): Promise<number> => (await stat(path)).size

async function probe(device: string, offsetBytes?: number, sizeBytes?: number): Promise<Content | undefined> {
  const part = offsetBytes === undefined ? [] : ['--offset', `${offsetBytes}`, '--size', `${sizeBytes}`]
  const found = await run('blkid', ['--probe', ...part, '--output', 'export', device])
  const field = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(found.stdout)?.[1]
  const kind = field('TYPE')
  if (kind === undefined) return undefined
  const label = field('LABEL')
  const uuid = field('UUID')
  return { kind, ...(label === undefined ? {} : { label }), ...(uuid === undefined ? {} : { uuid }) }
}
