/**
 * Reads a PC's disk into a new image: the used blocks of the partitions that the layout wants from an image, hashed here, of which only
 * the chunks that the site server lacks are sent. The disk is only read.
 */

import type { ManifestDigest } from '../../imaging/digest.ts'
import { readDiskHead } from '../../imaging/import/disk-head.ts'
import type { Disk } from '../../imaging/import/gather-parts.ts'
import { diskPart, firmwareOf, type Part } from '../../imaging/import/image-parts.ts'
import type { FoundPartition, NamedPartition } from '../../imaging/import/partition-names.ts'
import { nameByLayout } from '../../imaging/import/partition-names.ts'
import { readPartitionTable } from '../../imaging/import/partition-table.ts'
import { type Manifest, type ManifestPartition, manifestFormat } from '../../imaging/manifest.ts'
import type { ImagerReason, Layout, Tally } from '../../imaging/protocol.ts'
import { type Refusal, right } from '../../imaging/refusal.ts'
import { probeFileSystem, readUsedMap } from '../../imaging/used-blocks/file-system.ts'
import type { Volume } from '../../imaging/used-blocks/volume.ts'
import type { UsedMap } from '../../imaging/used-map.ts'
import { createCounters, type EngineProgress } from './counters.ts'
import { deviceSize, type OpenDevice, openDevice } from './device.ts'
import { startMachinery } from './machinery.ts'
import { type EngineFailure, failureOf, Stop } from './stop.ts'
import { type ChunkUpload, createUploader, type Uploader } from './uploader.ts'
import { absurdSlowness, type Slowness, watchDevice } from './watched-device.ts'

export type CaptureParts = {
  /** The whole disk. */
  readonly device: string
  readonly name: string
  readonly version: string
  readonly machine: string
  /** What the disk was last made equal to. */
  readonly of?: ManifestDigest
  readonly layout: Layout
  readonly chunkBytes: number
  /** RFC 3339, UTC, whole seconds. */
  readonly createdAt: string
  readonly upload: ChunkUpload
  /** An existing folder for what a file system's tool needs beside. */
  readonly scratch: string
  report(progress: EngineProgress): void
  readonly signal: AbortSignal
  readonly openDevice?: OpenDevice
  readonly slowness?: Slowness
}

/** `uploadedBytes`: as sent, compressed. */
export type CaptureResult =
  | { readonly ok: true; readonly draft: Manifest; readonly tally: Tally; readonly uploadedBytes: number }
  | (EngineFailure & { readonly tally: Tally })

export const captureDisk = async (parts: CaptureParts): Promise<CaptureResult> => {
  let counters = createCounters(0, parts.report)
  const machinery = startMachinery(parts.chunkBytes)
  try {
    const disk = await readTable(parts.device)
    const named = allowed('layout-failed', nameByLayout(disk.found, parts.layout, new Set()))
    const volumes = await readMaps(named.partitions, parts)
    counters = createCounters(
      volumes.reduce((sum, { map }) => sum + map.usedBytes, 0),
      parts.report,
    )
    const opened = await (parts.openDevice ?? openDevice)(parts.device, 'read')
    const device = watchDevice(opened, parts.slowness ?? absurdSlowness)
    try {
      const { chunkBytes, upload, signal } = parts
      const uploader = createUploader({ device, chunkBytes, upload, machinery, counters, signal })
      const draft = await Promise.race([readAll(parts, disk, volumes, uploader), device.givenUp])
      return { ok: true, draft, tally: counters.tally(), uploadedBytes: uploader.sentBytes() }
    } finally {
      await device.close()
    }
  } catch (error) {
    const failure = failureOf(error)
    if (failure === undefined) throw error
    return { ...failure, tally: counters.tally() }
  } finally {
    await machinery.close()
  }
}

type ReadPart = Extract<Part, { readonly kind: 'read' }> & { readonly map: UsedMap }

const readTable = async (device: string): Promise<Disk> => {
  const image = { path: device, sizeBytes: await deviceSize(device), format: 'raw', close: async () => {} }
  const table = allowed('layout-failed', await readPartitionTable(image))
  const found: FoundPartition[] = []
  for (const entry of table.partitions) {
    const volume = { path: device, offsetBytes: entry.startBytes, sizeBytes: entry.sizeBytes }
    found.push({ entry, fileSystem: allowed('file-system-broken', await probeFileSystem(volume)) })
  }
  return { image, table, found }
}

/** Of all partitions, before the first is read: a file system that was not closed properly is found at once. */
const readMaps = async (
  named: readonly NamedPartition[],
  { device, scratch }: CaptureParts,
): Promise<readonly ReadPart[]> => {
  const parts: ReadPart[] = []
  for (const one of named) {
    const part = diskPart(one, device)
    if (part.kind !== 'read') throw new Error('a partition of a disk has to be read')
    const map = await readUsedMap(part.volume, part.head.fileSystem.kind, scratch)
    parts.push({ ...part, map: allowed('file-system-broken', map, part.head.name) })
  }
  return parts
}

const readAll = async (
  parts: CaptureParts,
  disk: Disk,
  volumes: readonly ReadPart[],
  uploader: Uploader,
): Promise<Manifest> => {
  const partitions: ManifestPartition[] = []
  for (const { head, volume, map } of volumes) {
    partitions.push({ ...head, ...(await uploader.read(volume, map, head.name)) })
  }
  const readVolume = async (volume: Volume, map: UsedMap, name: string) =>
    right({ ...(await uploader.read(volume, map, name)), newBytes: 0 })
  const request = { name: parts.name, from: [], layout: parts.layout }
  const head = allowed('layout-failed', await readDiskHead(request, disk, partitions, readVolume))
  return {
    format: manifestFormat,
    name: parts.name,
    version: parts.version,
    createdAt: parts.createdAt,
    createdFrom: {
      kind: 'capture',
      machine: parts.machine,
      ...(parts.of === undefined ? {} : { of: parts.of }),
    },
    chunkBytes: parts.chunkBytes,
    firmware: firmwareOf(head.table, head.bootCode !== undefined, partitions),
    disk: head,
    partitions,
  }
}

const allowed = <T>(
  reason: ImagerReason,
  result: { readonly ok: true; readonly value: T } | Refusal,
  partition?: string,
): T => {
  if (result.ok) return result.value
  const [en, fr] =
    partition === undefined ? ['', ''] : [`Partition ${partition}: `, `Partition ${partition}\u00a0: `]
  const more = result.detail === undefined ? '' : ` (${result.detail})`
  throw new Stop(result.code === 'program-missing' ? 'program-error' : reason, {
    en: `${en}${result.message.en}${more}`,
    fr: `${fr}${result.message.fr}${more}`,
  })
}
