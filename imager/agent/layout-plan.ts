/**
 * Decides what the disk's partition table must be, and whether making it so would lose anything that nobody agreed to lose.
 *
 * A table that is right is left alone. Otherwise every partition that can stay where it is stays: first all that match, then, if the
 * rest does not fit around them, only those that are to be kept, which never move.
 */
import type { Manifest, ManifestPartition } from '../../imaging/manifest.ts'
import type { ImagerReason, Layout, LayoutPartition } from '../../imaging/protocol.ts'
import { fitAround, type Request } from './free-space.ts'
import type { DiskTable, TablePartition } from './partition-table.ts'
import { typeCode } from './partition-type.ts'

export type PlacedPartition = {
  readonly name: string
  readonly number: number
  readonly startBytes: number
  readonly sizeBytes: number
  readonly type: string
  /** GPT: given by the image or by the partition that stays; undefined: sfdisk draws one. */
  readonly guid?: string
  readonly attributes?: string
  /** Whether it is new at this place: what lies there now is nothing of it. */
  readonly isNew: boolean
  readonly wanted: LayoutPartition
  readonly image?: ManifestPartition
}

export type PlannedTable = {
  readonly kind: 'gpt' | 'mbr'
  /** Undefined: sfdisk draws one. */
  readonly id?: string
  readonly partitions: readonly PlacedPartition[]
}

export type LayoutPlan =
  | { readonly kind: 'right'; readonly table: PlannedTable }
  | { readonly kind: 'change'; readonly table: PlannedTable; readonly lost: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: ImagerReason; readonly detail: string }

export type LayoutRequest = {
  readonly disk: DiskTable
  readonly layout: Layout
  /** Undefined: nothing is taken from an image (a capture). */
  readonly manifest?: Manifest
  readonly mayRepartition: boolean
}

const mebibyte = 1024 * 1024
/** A partition of size `rest` that no image fills is worth having from here on. */
const leastRestBytes = 16 * mebibyte
/** GPT: header and 128 entries at either end, 34 sectors (UEFI specification 5.3). MBR: nothing at the end. */
const tailSectors = 34

export function planLayout(request: LayoutRequest): LayoutPlan {
  const { disk, layout, manifest } = request
  const impossible = findImpossible(layout, manifest)
  if (impossible !== undefined) return refused('layout-failed', impossible)
  const wanted = layout.partitions.map((partition, index) => describe(partition, index, request))
  if (isRight(request, wanted)) return { kind: 'right', table: tableOf(request, wanted, wanted.map(staying)) }

  const keepers = wanted.filter(({ wanted: { content }, existing }) => content === 'keep' && existing)
  const placed = place(disk, wanted, wanted.filter(mayStay)) ?? place(disk, wanted, keepers)
  if (placed === undefined) return refuseForSpace(disk, wanted, keepers)
  const lost = lostBy(request, wanted)
  if (lost.length > 0 && !request.mayRepartition) return refused('layout-would-lose-data', lost.join(', '))
  return { kind: 'change', table: tableOf(request, wanted, placed), lost }
}

type Wanted = {
  readonly wanted: LayoutPartition
  readonly image?: ManifestPartition
  readonly type: string
  readonly leastBytes: number
  readonly existing?: TablePartition
}

type Extent = { readonly startBytes: number; readonly sizeBytes: number; readonly isNew: boolean }

const refused = (reason: ImagerReason, detail: string): LayoutPlan => ({ kind: 'refused', reason, detail })

/** What `check` should have refused: told here again, because nothing may be written on such a layout. */
function findImpossible(layout: Layout, manifest: Manifest | undefined): string | undefined {
  if (manifest !== undefined && manifest.disk.table !== layout.table) {
    return `layout: ${layout.table}, image: ${manifest.disk.table}`
  }
  if (layout.table === 'mbr' && layout.partitions.length > 4) return 'MBR: more than 4 partitions'
  for (const { name, content, sizeBytes } of layout.partitions) {
    if (content !== 'image' || manifest === undefined) continue
    const image = manifest.partitions.find((partition) => partition.name === name)
    if (image === undefined) return `${name}: not in image ${manifest.name}@${manifest.version}`
    if (sizeBytes !== 'rest' && aligned(sizeBytes) < image.sizeBytes) {
      return `${name}: ${sizeBytes} bytes, image: ${image.sizeBytes} bytes`
    }
  }
  return undefined
}

function describe(partition: LayoutPartition, index: number, request: LayoutRequest): Wanted {
  const { layout, manifest } = request
  const image =
    partition.content === 'image'
      ? manifest?.partitions.find(({ name }) => name === partition.name)
      : undefined
  const existing = findExisting(partition, index, request)
  return {
    wanted: partition,
    type: image?.type ?? typeCode(layout, partition.type),
    leastBytes:
      partition.sizeBytes === 'rest'
        ? aligned(Math.max(image?.sizeBytes ?? 0, leastRestBytes))
        : aligned(partition.sizeBytes),
    ...(image === undefined ? {} : { image }),
    ...(existing === undefined ? {} : { existing }),
  }
}

/** GPT: by its name. MBR has no names: by its place in a table that is ours, told by the image's signature or our cache's label. */
function findExisting(
  partition: LayoutPartition,
  index: number,
  { disk, layout, manifest }: LayoutRequest,
): TablePartition | undefined {
  if (disk.table?.kind !== layout.table) return undefined
  if (layout.table === 'gpt') return disk.partitions.find(({ name }) => name === partition.name)
  const isOurs =
    disk.table.id === manifest?.disk.id ||
    disk.partitions.some(({ content }) => content?.label === cacheLabel)
  const type = typeCode(layout, partition.type)
  return isOurs
    ? disk.partitions.find((existing) => existing.number === index + 1 && existing.type === type)
    : undefined
}

export const cacheLabel = 'proviseur'

const isRight = ({ disk, layout, manifest }: LayoutRequest, wanted: readonly Wanted[]): boolean =>
  disk.table?.kind === layout.table &&
  (manifest === undefined || disk.table.id === manifest.disk.id) &&
  disk.partitions.length === wanted.length &&
  wanted.every(
    (one, index) =>
      one.existing?.number === index + 1 &&
      mayStay(one) &&
      one.existing.type === one.type &&
      (one.image?.guid === undefined || one.existing.guid === one.image.guid) &&
      (one.image === undefined || one.existing.attributes === one.image.attributes),
  )

/** A partition to be kept stays as it is, whatever size the layout now says; of a `rest`, whatever it came to. */
const mayStay = ({ wanted, existing, leastBytes }: Wanted): boolean => {
  if (existing === undefined) return false
  if (wanted.content === 'keep') return true
  return wanted.sizeBytes === 'rest' ? existing.sizeBytes >= leastBytes : existing.sizeBytes === leastBytes
}

const staying = ({ existing }: Wanted): Extent => ({
  startBytes: existing?.startBytes ?? 0,
  sizeBytes: existing?.sizeBytes ?? 0,
  isNew: false,
})

/** Undefined: they do not fit. */
function place(
  disk: DiskTable,
  wanted: readonly Wanted[],
  pinned: readonly Wanted[],
): readonly Extent[] | undefined {
  const requests = wanted.map((one): Request => {
    const pin = pinned.includes(one) ? one.existing : undefined
    return pin === undefined
      ? { kind: 'place', leastBytes: one.leastBytes, takesRest: one.wanted.sizeBytes === 'rest' }
      : { kind: 'pinned', startBytes: pin.startBytes, sizeBytes: pin.sizeBytes }
  })
  return fitAround(requests, { fromBytes: mebibyte, toBytes: usableEnd(disk), alignBytes: mebibyte })?.map(
    (extent, index) => ({ ...extent, isNew: requests[index]?.kind === 'place' }),
  )
}

function tableOf(
  { layout, manifest, disk }: LayoutRequest,
  wanted: readonly Wanted[],
  extents: readonly Extent[],
): PlannedTable {
  const id = manifest?.disk.id ?? (disk.table?.kind === layout.table ? disk.table.id : undefined)
  const partitions = wanted.map((one, index): PlacedPartition => {
    const extent = extents[index] ?? staying(one)
    const guid = one.image?.guid ?? (extent.isNew ? undefined : one.existing?.guid)
    const attributes = one.image === undefined ? one.existing?.attributes : one.image.attributes
    return {
      name: one.wanted.name,
      number: index + 1,
      ...extent,
      type: one.type,
      wanted: one.wanted,
      ...(guid === undefined ? {} : { guid }),
      ...(attributes === undefined ? {} : { attributes }),
      ...(one.image === undefined ? {} : { image: one.image }),
    }
  })
  return { kind: layout.table, partitions, ...(id === undefined ? {} : { id }) }
}

/**
 * What is on the disk now and would be gone: partitions that the layout does not have. What an image, a cache or an empty partition
 * of the same name and type will fill anyway is no loss.
 */
function lostBy({ disk }: LayoutRequest, wanted: readonly Wanted[]): readonly string[] {
  const whole = disk.content === undefined ? [] : [`${disk.content.kind} on the whole disk`]
  const parts = disk.partitions.filter(
    (partition) =>
      !wanted.some(
        ({ existing, wanted: { content }, type }) =>
          existing === partition && (content === 'keep' || partition.type === type),
      ),
  )
  return [...whole, ...parts.map(describeLost)]
}

/** `#3 Basic data partition (ntfs, Windows, 119.2 GiB)` */
const describeLost = ({ number, name, content, sizeBytes }: TablePartition): string =>
  `#${number}${name ? ` ${name}` : ''} (${[content?.kind, content?.label, gibibytes(sizeBytes)].filter(Boolean).join(', ')})`

function refuseForSpace(disk: DiskTable, wanted: readonly Wanted[], keepers: readonly Wanted[]): LayoutPlan {
  const sizeOf = (one: Wanted) => (keepers.includes(one) ? (one.existing?.sizeBytes ?? 0) : one.leastBytes)
  const needed = wanted.reduce((sum, one) => sum + sizeOf(one), mebibyte)
  const numbers = `${gibibytes(needed)} needed, ${gibibytes(disk.sizeBytes)} there`
  return keepers.length > 0 && place(disk, wanted, []) !== undefined
    ? refused(
        'layout-would-lose-data',
        `${keepers.map(({ wanted: { name } }) => name).join(', ')} stays where it is; ${numbers}`,
      )
    : refused('disk-too-small', numbers)
}

const usableEnd = ({ sizeBytes, sectorBytes, ...disk }: DiskTable): number => {
  const end = sizeBytes - tailSectors * sectorBytes
  // A partition to be kept may end past the last whole mebibyte: it was made by somebody else.
  return Math.max(end - (end % mebibyte), ...disk.partitions.map((one) => one.startBytes + one.sizeBytes))
}

const aligned = (bytes: number): number => Math.ceil(bytes / mebibyte) * mebibyte

const gibibytes = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`
