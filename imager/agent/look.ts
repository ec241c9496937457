/** What the imager sees before it does anything: the PC, its disks, and what an earlier run left in the cache partition. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiskState, Hello } from '../../imaging/protocol.ts'
import { parseDiskState } from '../../imaging/state.ts'
import { type CacheRecord, readCache } from './cache-partition.ts'
import type { DiskRange } from './disk-range.ts'
import { type Disk, helloDisk } from './disks.ts'
import type { Hardware } from './hardware.ts'
import { cacheLabel } from './layout-plan.ts'
import { withMounted } from './mounted.ts'
import { type DiskTable, readDiskTable, type TablePartition } from './partition-table.ts'
import { done, type Result } from './result.ts'

export type SeenDisk = {
  readonly disk: Disk
  /** Undefined: it could not be read; `trouble` says why. */
  readonly table?: DiskTable
  readonly trouble?: string
}

export type OwnCache = { readonly disk: Disk; readonly range: DiskRange; readonly record: CacheRecord }

export type Look = {
  readonly hardware: Hardware
  readonly disks: readonly SeenDisk[]
  /** Of the first disk that has a cache partition of ours. */
  readonly cache?: OwnCache
  readonly state?: DiskState
}

/**
 * `own`: the disk is known to be managed here, and what its cache's journal still holds may be written out. Without it nothing at all
 * is written: the PC may be anybody's; the record may then be some seconds old.
 */
export async function look(hardware: Hardware, disks: readonly Disk[], own: boolean): Promise<Look> {
  const seen: SeenDisk[] = []
  for (const disk of disks) {
    const table = await readDiskTable(disk.device, disk)
    seen.push(table.ok ? { disk, table: table.value } : { disk, trouble: table.detail })
  }
  const cache = await findCache(seen, own)
  const state = cache?.record.state ?? (await stateOfSystems(seen))
  return {
    hardware,
    disks: seen,
    ...(cache === undefined ? {} : { cache }),
    ...(state === undefined ? {} : { state }),
  }
}

export const drawNonce = (): string => randomBytes(32).toString('hex')

export const helloOf = ({ hardware, disks, state }: Look, nonce: string, imager: string): Hello => ({
  format: 'proviseur-hello-1',
  nonce,
  ...hardware,
  disks: disks.map(({ disk, table }) => helloDisk(disk, table)),
  imager,
  ...(state === undefined ? {} : { state }),
})

export const cachePartition = ({ partitions }: DiskTable): TablePartition | undefined =>
  partitions.find(({ content }) => content?.kind === 'ext4' && content.label === cacheLabel)

export const rangeOf = (
  device: string,
  { startBytes, sizeBytes }: Pick<TablePartition, 'startBytes' | 'sizeBytes'>,
): DiskRange => ({ device, offsetBytes: startBytes, sizeBytes })

async function findCache(disks: readonly SeenDisk[], own: boolean): Promise<OwnCache | undefined> {
  for (const { disk, table } of disks) {
    const partition = table === undefined ? undefined : cachePartition(table)
    if (partition === undefined) continue
    const range = rangeOf(disk.device, partition)
    const record = await withMounted(range, own ? 'ext4-read' : 'ext4-untouched', async (folder) =>
      done(await readCache(folder)),
    )
    if (record.ok) return { disk, range, record: record.value }
  }
  return undefined
}

/** Without a cache partition the record lies in the systems only. Nothing is written there: the disk may be anybody's. */
async function stateOfSystems(disks: readonly SeenDisk[]): Promise<DiskState | undefined> {
  for (const { disk, table } of disks) {
    for (const partition of table?.partitions ?? []) {
      const kind = partition.content?.kind
      if (kind !== 'ext4' && kind !== 'ntfs') continue
      const file = kind === 'ext4' ? 'var/lib/proviseur/disk.json' : 'ProgramData/Proviseur/disk.json'
      const read = await withMounted(rangeOf(disk.device, partition), `${kind}-untouched`, (folder) =>
        readState(join(folder, file)),
      )
      if (read.ok && read.value !== undefined) return read.value
    }
  }
  return undefined
}

async function readState(file: string): Promise<Result<DiskState | undefined>> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  })
  const parsed = text === undefined ? undefined : parseDiskState(text)
  return done(parsed?.ok === true ? parsed.value : undefined)
}
