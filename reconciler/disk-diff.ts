/** What differs between a disk as it was last known and the disk as the specs want it. */
import type { WantedDisk, WantedLayout } from '../specs/desired.ts'
import { diskVersionNotImported } from './disk-reasons.ts'
import type { DiskChange, DriftPolicy } from './model/change.ts'
import type { ObservedDisk } from './model/observed.ts'
import type { KnownImage } from './model/plan.ts'
import type { Reason } from './model/reason.ts'

export type WrittenDifference = {
  /** To be made good. */
  readonly change?: DiskChange
  /** Only told, by drift policy. */
  readonly reported?: DiskChange
  /** Out of reach for any action: only a commit helps. */
  readonly impossible?: Reason
}

export type DiskKnowledge = {
  readonly disk: ObservedDisk
  readonly drift: DriftPolicy
  /** This very wish was in place before: what differs from it now is drift. */
  readonly wasInPlace: boolean
  readonly images: ReadonlyMap<string, KnownImage> | undefined
}

export const imageName = ({ name, version }: WantedDisk): string => `${name}@${version}`

/** An image version without a manifest is nothing that could be written: neither is its layout. */
export function diffDisk(wanted: WantedDisk, knowledge: DiskKnowledge): WrittenDifference {
  const { drift, disk, wasInPlace } = knowledge
  if (drift === 'ignore') return {}
  if (wanted.manifest === undefined) return { impossible: diskVersionNotImported(imageName(wanted)) }
  const change = changeTo(wanted, wanted.manifest, knowledge)
  if (change === undefined) return {}
  const drifted = change.operation === 'repair' || wasInPlace
  // On an empty disk nothing has drifted: it is another disk.
  return drift === 'report' && drifted && !isBlank(disk) ? { reported: change } : { change }
}

/** Whether the disk is what this wish makes, as far as its record tells. */
export const isInPlace = (wanted: WantedDisk, { state }: ObservedDisk): boolean =>
  state !== undefined &&
  state.manifest === wanted.manifest &&
  state.layout === wanted.layoutDigest &&
  state.settings === wanted.settingsDigest

function changeTo(
  wanted: WantedDisk,
  manifest: string,
  { disk, images }: DiskKnowledge,
): DiskChange | undefined {
  const { state } = disk
  const image = images?.get(manifest)
  const base = {
    facet: 'disk',
    item: 'image',
    from: state?.manifest ?? null,
    to: manifest,
    image: imageName(wanted),
    layout: wanted.layoutDigest,
    settings: wanted.settingsDigest,
  } as const
  if (state === undefined) {
    const wipes = wipedBy(wanted.layout, disk, 'all')
    const change = { ...base, ...wipes, operation: 'restore', effect: 'destructive' } as const
    return withBytes(change, image?.storedBytes)
  }
  if (state.manifest !== manifest || state.layout !== wanted.layoutDigest) {
    const wipes =
      state.layout === wanted.layoutDigest ? { wipes: [] } : wipedBy(wanted.layout, disk, 'unwanted')
    const bytes = image?.deltaBytes(state.manifest) ?? image?.storedBytes
    return withBytes({ ...base, ...wipes, operation: 'upgrade', effect: 'destructive' }, bytes)
  }
  const damaged = differingChunks(wanted.layout, disk)
  if (damaged > 0) {
    // Compressed they are less, and at most the whole image.
    const bytes = Math.min(damaged * chunkBytes, image?.storedBytes ?? Number.POSITIVE_INFINITY)
    return withBytes({ ...base, operation: 'repair', wipes: [], effect: 'destructive' }, bytes)
  }
  if (state.settings === wanted.settingsDigest) return undefined
  return { ...base, operation: 'settings', wipes: [], bytes: 0, effect: 'disruptive' }
}

const withBytes = (change: DiskChange, bytes: number | undefined): DiskChange =>
  bytes === undefined ? change : { ...change, bytes }

/** Of every manifest that we make. */
const chunkBytes = 2 ** 20

/** What the last comparison found. Whoever observes drops it once the disk was written since. */
function differingChunks({ partitions }: WantedLayout, { state, verified }: ObservedDisk): number {
  if (state === undefined || verified === undefined) return 0
  if (verified.manifest !== state.manifest) return 0
  const fromImage = new Set(partitions.flatMap(({ name, content }) => (content === 'image' ? [name] : [])))
  return verified.differing
    .filter(({ partition }) => fromImage.has(partition))
    .reduce((sum, { differing }) => sum + differing, 0)
}

/** Nothing at all is on it, as the imager saw it. */
export const isBlank = ({ by, state, disks }: ObservedDisk): boolean =>
  by === 'imager' && state === undefined && disks?.every(({ partitions }) => partitions.length === 0) === true

type Disk = NonNullable<ObservedDisk['disks']>[number]
type Partition = Disk['partitions'][number]

/**
 * The partitions that are lost, as far as the imager has seen the disk: `all` of a disk that was not ours, or only those that
 * the new layout has no place for. What the layout keeps is never among them. Without `wipes`: the PC's own system told of its image
 * alone, or it cannot be told which of the disks is meant.
 */
function wipedBy(
  layout: WantedLayout,
  { disks }: ObservedDisk,
  which: 'all' | 'unwanted',
): Pick<DiskChange, 'wipes'> {
  const partitions = disks && chosenDisk(layout, disks)?.partitions
  if (partitions === undefined) return {}
  const wipes = partitions
    .filter((partition) => {
      const wanted = wantedAt(layout, partition)
      return which === 'all' ? wanted?.content !== 'keep' : wanted === undefined || wanted.content === 'empty'
    })
    .map(partitionName)
  return { wipes }
}

function chosenDisk({ disk }: WantedLayout, disks: readonly Disk[]): Disk | undefined {
  if (disk === undefined) return disks.length === 1 ? disks[0] : undefined
  return disks.find(({ name, model, serial }) => [name, model, serial].includes(disk))
}

/** By name; an MBR table has no names, so there the place in the table counts. */
const wantedAt = (
  { table, partitions }: WantedLayout,
  { name, number }: Partition,
): WantedLayout['partitions'][number] | undefined =>
  table === 'mbr' && name === undefined
    ? partitions[number - 1]
    : partitions.find((partition) => partition.name === name)

const partitionName = ({ number, name, fileSystem, label }: Partition): string =>
  name ?? [`#${number}`, fileSystem, label].filter((word) => word !== undefined).join(' ')
