/** Opens what an image is made of, and decides which partition comes from where; nothing is stored yet. */
import { say, type Text } from '../../specs/text.ts'
import type { ManifestPartition } from '../manifest.ts'
import { type Result, refuse, right } from '../refusal.ts'
import { probeFileSystem } from '../used-blocks/file-system.ts'
import type { Volume } from '../used-blocks/volume.ts'
import { type DiskImage, openDiskImage } from './disk-image.ts'
import { arrange, diskPart, type Part, type Single, singlePart } from './image-parts.ts'
import type { ImportRequest } from './import-request.ts'
import { type FoundPartition, nameByItself, nameByLayout } from './partition-names.ts'
import { type PartitionTable, readPartitionTable } from './partition-table.ts'

export type Disk = {
  readonly image: DiskImage
  readonly table: PartitionTable
  readonly found: readonly FoundPartition[]
}

export type Gathered = { readonly disk?: Disk; readonly parts: readonly Part[] }

/** Files that were opened go to `images`, for the caller to close, whatever comes of it. */
export const gatherParts = async (request: ImportRequest, images: DiskImage[]): Promise<Result<Gathered>> => {
  const disk = await openDisk(request, images)
  if (!disk.ok) return disk
  const singles = await openSingles(request, images)
  if (!singles.ok) return singles
  const parts = await choose(request, disk.value, singles.value)
  if (!parts.ok) return parts
  return right({ parts: parts.value, ...(disk.value === undefined ? {} : { disk: disk.value }) })
}

const openDisk = async (
  { diskPath, scratch, signal, onNote }: ImportRequest,
  images: DiskImage[],
): Promise<Result<Disk | undefined>> => {
  if (diskPath === undefined) return right(undefined)
  const image = await openDiskImage(diskPath, scratch, signal)
  if (!image.ok) return image
  images.push(image.value)
  const table = await readPartitionTable(image.value)
  if (!table.ok) return table
  const found: FoundPartition[] = []
  for (const entry of table.value.partitions) {
    const fileSystem = await probeFileSystem({
      path: image.value.path,
      offsetBytes: entry.startBytes,
      sizeBytes: entry.sizeBytes,
    })
    if (!fileSystem.ok) return fileSystem
    if (fileSystem.value.unknown !== undefined)
      onNote(everyByte(String(entry.number), fileSystem.value.unknown))
    found.push({ entry, fileSystem: fileSystem.value })
  }
  return right({ image: image.value, table: table.value, found })
}

const everyByte = (partition: string, kind: string): Text =>
  say(
    `Partition ${partition} holds ${kind}, whose free space cannot be told: all of it is imported, free or not.`,
    `La partition ${partition} contient ${kind}, dont l’espace libre ne peut être reconnu\u00a0: elle est importée en entier, espace libre compris.`,
  )

const openSingles = async (
  { singles, scratch, signal, onNote }: ImportRequest,
  images: DiskImage[],
): Promise<Result<readonly Single[]>> => {
  const opened: Single[] = []
  for (const { name, path } of singles) {
    const image = await openDiskImage(path, scratch, signal)
    if (!image.ok) return image
    images.push(image.value)
    const volume: Volume = { path: image.value.path, offsetBytes: 0, sizeBytes: image.value.sizeBytes }
    if (volume.sizeBytes === 0 || volume.sizeBytes % 512 !== 0) return notWholeSectors(path)
    const fileSystem = await probeFileSystem(volume)
    if (!fileSystem.ok) return fileSystem
    if (fileSystem.value.isDisk) return wholeDisk(name, path)
    if (fileSystem.value.unknown !== undefined) onNote(everyByte(name, fileSystem.value.unknown))
    opened.push({ name, volume, fileSystem: fileSystem.value })
  }
  return right(opened)
}

const wholeDisk = (name: string, path: string) =>
  refuse(
    'partition-is-disk',
    `${path} is a whole disk with a partition table, not the partition ${name}. Import it without --partition: its partitions are found by themselves.`,
    `${path} est un disque entier avec une table de partitions, et non la partition ${name}. Importez-le sans --partition\u00a0: ses partitions seront trouvées toutes seules.`,
  )

const notWholeSectors = (path: string) =>
  refuse(
    'partition-size',
    `${path} is no partition: its size is not a whole number of sectors of 512 bytes.`,
    `${path} n’est pas une partition\u00a0: sa taille n’est pas un nombre entier de secteurs de 512 octets.`,
  )

/** What names a partition comes first: `--partition`, `--from …:name`, the disk, then whatever a bare `--from` still has. */
const choose = async (
  request: ImportRequest,
  disk: Disk | undefined,
  singles: readonly Single[],
): Promise<Result<readonly Part[]>> => {
  const { layout, from } = request
  const tables = new Set([
    ...from.map(({ manifest }) => manifest.disk.table),
    ...(disk === undefined ? [] : [disk.table.kind]),
  ])
  if (tables.size > 1) return tablesDiffer
  const table = from[0]?.manifest.disk.table ?? disk?.table.kind ?? layout?.table ?? 'gpt'
  const before = (name: string): ManifestPartition | undefined =>
    from.flatMap(({ manifest }) => manifest.partitions).find((one) => one.name === name)
  const parts = new Map<string, Part>()
  // The order of the set that it is made from, each replaced in its place.
  for (const { manifest, only } of from)
    for (const partition of manifest.partitions)
      if (only === undefined || only === partition.name)
        if (!parts.has(partition.name)) parts.set(partition.name, { kind: 'stored', partition })
  const pinned = new Set([
    ...singles.map(({ name }) => name),
    ...from.flatMap(({ only }) => (only === undefined ? [] : [only])),
  ])
  if (disk !== undefined) {
    const named =
      layout === undefined ? right(nameByItself(disk.found)) : nameByLayout(disk.found, layout, pinned)
    if (!named.ok) return named
    for (const note of named.value.notes) request.onNote(note)
    for (const one of named.value.partitions)
      if (!pinned.has(one.name)) parts.set(one.name, diskPart(one, disk.image.path))
  }
  for (const single of singles)
    parts.set(single.name, singlePart(single, request.name, table, layout, before(single.name)))
  return arrange([...parts.values()], layout)
}

const tablesDiffer = refuse(
  'partition-tables-differ',
  'These disks have different kinds of partition tables (GPT and MBR): their partitions cannot become one image.',
  'Ces disques ont des tables de partitions de types différents (GPT et MBR) : leurs partitions ne peuvent former une seule image.',
)
