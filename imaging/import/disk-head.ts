import { open } from 'node:fs/promises'
import { isZero } from '../codec.ts'
import type { Manifest, ManifestPartition } from '../manifest.ts'
import { type Result, right } from '../refusal.ts'
import { wholeMap } from '../used-map.ts'
import type { Disk } from './gather-parts.ts'
import { guidFor } from './image-parts.ts'
import type { ReadVolume } from './import-image.ts'
import type { ImportRequest } from './import-request.ts'

/** The first partition rarely begins later; what lies behind is no boot loader's. */
const mostGapBytes = 2 ** 20

/** Both partition tables, and what their alignment takes. */
const tableBytes = 2 * 2 ** 20

/**
 * What is on the disk besides its partitions. An image made from others keeps their disk's identifiers: what is in the partitions
 * that it took over refers to them.
 */
export const readDiskHead = async (
  { name, from, layout }: Pick<ImportRequest, 'name' | 'from' | 'layout'>,
  disk: Disk | undefined,
  partitions: readonly ManifestPartition[],
  read: ReadVolume,
): Promise<Result<Manifest['disk']>> => {
  const needed = partitions.reduce(
    (sum, { sizeBytes }) => sum + Math.ceil(sizeBytes / 2 ** 20) * 2 ** 20,
    tableBytes,
  )
  const first = from[0]?.manifest.disk
  if (first !== undefined) return right({ ...first, sizeBytes: Math.max(first.sizeBytes, needed) })
  if (disk === undefined) {
    const table = layout?.table ?? 'gpt'
    const guid = guidFor(name)
    return right({
      table,
      id: table === 'gpt' ? guid : guid.slice(0, 8).toLowerCase(),
      sizeBytes: needed,
      sectorBytes: 512,
    })
  }
  const { table, image } = disk
  const gap = await readGap(disk, read)
  if (!gap.ok) return gap
  return right({
    table: table.kind,
    id: table.id,
    sizeBytes: Math.max(Math.floor(image.sizeBytes / table.sectorBytes) * table.sectorBytes, needed),
    sectorBytes: table.sectorBytes,
    ...(table.bootCode === undefined ? {} : { bootCode: table.bootCode.toString('base64') }),
    ...(gap.value === undefined ? {} : { gap: gap.value }),
  })
}

/** On an MBR disk a boot loader lies behind the first sector; on a GPT disk the table does. */
const readGap = async (
  { table, image }: Disk,
  read: ReadVolume,
): Promise<Result<Manifest['disk']['gap']>> => {
  const end = Math.min(mostGapBytes, ...table.partitions.map(({ startBytes }) => startBytes))
  const sizeBytes = end - 512
  if (table.kind !== 'mbr' || sizeBytes <= 0) return right(undefined)
  const file = await open(image.path, 'r')
  try {
    const bytes = Buffer.alloc(sizeBytes)
    await file.read(bytes, 0, sizeBytes, 512)
    if (isZero(bytes)) return right(undefined)
  } finally {
    await file.close()
  }
  const imported = await read({ path: image.path, offsetBytes: 512, sizeBytes }, wholeMap(sizeBytes), 'mbr')
  return imported.ok ? right({ sizeBytes, list: imported.value.list }) : imported
}
