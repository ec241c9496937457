import { defaults } from './defaults.ts'
import type { WantedDisk, WantedLayout, WantedPartition, WantedReset } from './desired.ts'
import { digestOfJson } from './digest.ts'
import type { ImageSpec } from './schema/image.ts'
import type { LayeredImage, LayeredSettings } from './settings-layer.ts'

/** The disk that an image, a boot menu and a reset policy make. */
export function wantedDisk(
  image: LayeredImage,
  spec: ImageSpec,
  boot: LayeredSettings['boot'],
  reset: WantedReset,
): WantedDisk {
  const layout = layoutOf(spec)
  const menu = {
    default: boot?.default ?? systemPartitions(layout)[0]?.name ?? '',
    timeoutMs: boot?.timeout ?? defaults.boot.timeoutMs,
    resetEntries: boot?.reset ?? defaults.boot.resetEntries,
  }
  return {
    name: image.name,
    version: image.version,
    ...(image.digest === undefined ? {} : { manifest: image.digest.replace(/^sha256:/, '') }),
    layout,
    layoutDigest: layoutDigest(layout),
    boot: menu,
    settingsDigest: settingsDigest(layout, menu, reset),
  }
}

/** The partitions with a system that the boot menu starts, in the order of the disk. */
export const systemPartitions = ({ partitions }: WantedLayout): readonly WantedPartition[] =>
  partitions.filter(({ os }) => os !== undefined)

export const hasCache = ({ partitions }: WantedLayout): boolean =>
  partitions.some(({ content }) => content === 'cache')

/** Which type of partition a system lies in. */
export const systemTypes = { debian: 'linux', windows: 'windows' } as const

export function layoutOf({ os: imageOs, disk }: ImageSpec): WantedLayout {
  // Where no partition says what is in it, the image's own system is in the first that can hold it.
  const named = disk.partitions.some(({ os }) => os !== undefined)
  const first = disk.partitions.find(
    ({ type, content }) => content === 'image' && type === systemTypes[imageOs],
  )
  return {
    table: disk.table,
    ...(disk.disk === undefined ? {} : { disk: disk.disk }),
    partitions: disk.partitions.map((partition): WantedPartition => {
      const { name, type, size: sizeBytes, content, title } = partition
      const os = named ? partition.os : partition === first ? imageOs : undefined
      return {
        name,
        type,
        sizeBytes,
        content,
        ...(os === undefined ? {} : { os }),
        ...(title === undefined ? {} : { title }),
      }
    }),
  }
}

/** What the boot menu says of a partition is no part of the layout: a title must never rewrite a disk. */
const layoutDigest = ({ table, disk, partitions }: WantedLayout): WantedDisk['layoutDigest'] =>
  digestOfJson([
    table,
    disk ?? null,
    partitions.map(({ name, type, sizeBytes, content }) => [name, type, sizeBytes, content]),
  ])

const settingsDigest = (
  { partitions }: WantedLayout,
  boot: WantedDisk['boot'],
  { policy, keep }: WantedReset,
): WantedDisk['settingsDigest'] =>
  digestOfJson([
    boot.default,
    boot.timeoutMs,
    boot.resetEntries,
    partitions.map(({ os, title }) => [os ?? null, title ?? null]),
    policy,
    keep,
  ])
