import { defaultChunkBytes } from '../chunk-list.ts'
import type { ManifestDigest } from '../digest.ts'
import type { ImageStore } from '../folder-store.ts'
import { type Manifest, type ManifestPartition, manifestFormat } from '../manifest.ts'
import { checkComplete, publish, versionExists } from '../publish.ts'
import { type Refusal, type Result, right } from '../refusal.ts'
import { parseImageLabel } from '../store-paths.ts'
import { readUsedMap } from '../used-blocks/file-system.ts'
import type { Volume } from '../used-blocks/volume.ts'
import type { UsedMap } from '../used-map.ts'
import { type ChunkPacker, startChunkPacker } from './chunk-packer.ts'
import { readDiskHead } from './disk-head.ts'
import type { DiskImage } from './disk-image.ts'
import { type Gathered, gatherParts } from './gather-parts.ts'
import { type From, firmwareOf, type Part } from './image-parts.ts'
import { type ImportedPartition, importPartition } from './import-partition.ts'
import type { ImportRequest } from './import-request.ts'

export type Imported = {
  readonly digest: ManifestDigest
  readonly manifest: Manifest
  /** As stored, of chunks that the store did not have. */
  readonly newBytes: number
}

/** Reads a disk's used blocks into the store and publishes them, signed, as `name@version`. */
export const importImage = async (store: ImageStore, request: ImportRequest): Promise<Result<Imported>> => {
  const label = parseImageLabel(`${request.name}@${request.version}`)?.label
  if (label === undefined) throw new Error('an import without a valid name and version')
  if (!request.replace && (await store.pointer(label)) !== undefined) return versionExists(label)
  const images: DiskImage[] = []
  try {
    const gathered = await gatherParts(request, images)
    if (!gathered.ok) return gathered
    const sound = await checkSources(store, request.from)
    if (!sound.ok) return sound
    const packer = startChunkPacker(store.folder)
    try {
      return await new Import(store, request, packer).run(gathered.value)
    } finally {
      await packer.close()
    }
  } finally {
    for (const image of images) await image.close()
  }
}

/** Partitions that are taken over must be whole, or the new version would be as broken as the old one. */
const checkSources = async (store: ImageStore, from: readonly From[]): Promise<Result<undefined>> => {
  for (const { manifest } of from) {
    const complete = await checkComplete(store, manifest)
    if (!complete.ok) return complete
  }
  return right(undefined)
}

/** Reads a part of a disk into the store. */
export type ReadVolume = (volume: Volume, map: UsedMap, name: string) => Promise<Result<ImportedPartition>>

class Import {
  readonly store: ImageStore
  readonly request: ImportRequest
  readonly packer: ChunkPacker
  /** All partitions of an image share it, those that come from another as well. */
  readonly chunkBytes: number
  newBytes = 0

  constructor(store: ImageStore, request: ImportRequest, packer: ChunkPacker) {
    this.store = store
    this.request = request
    this.packer = packer
    this.chunkBytes = request.from[0]?.manifest.chunkBytes ?? defaultChunkBytes
  }

  async run({ disk, parts }: Gathered): Promise<Result<Imported>> {
    const { request, chunkBytes } = this
    const partitions: ManifestPartition[] = []
    for (const part of parts) {
      const partition = await this.readPart(part)
      if (!partition.ok) return partition
      partitions.push(partition.value)
    }
    const head = await readDiskHead(request, disk, partitions, this.readVolume)
    if (!head.ok) return head
    const manifest: Manifest = {
      format: manifestFormat,
      name: request.name,
      version: request.version,
      createdAt: request.createdAt,
      createdFrom: { kind: 'import', source: request.source },
      chunkBytes,
      firmware: firmwareOf(head.value.table, head.value.bootCode !== undefined, partitions),
      disk: head.value,
      partitions,
    }
    const digest = await publish(this.store, manifest, request.privateKeyPem, request.replace)
    return digest.ok ? right({ digest: digest.value, manifest, newBytes: this.newBytes }) : digest
  }

  async readPart(part: Part): Promise<Result<ManifestPartition>> {
    if (part.kind === 'stored') return right(part.partition)
    const { head, volume } = part
    const map = await readUsedMap(volume, head.fileSystem.kind, this.request.scratch)
    if (!map.ok) return inPartition(map, head.name)
    const imported = await this.readVolume(volume, map.value, head.name)
    if (!imported.ok) return imported
    const { list, map: mapDigest, usedBytes, storedBytes } = imported.value
    return right({ ...head, list, map: mapDigest, usedBytes, storedBytes })
  }

  readonly readVolume: ReadVolume = async (volume, map, name) => {
    const { store, packer, chunkBytes, request } = this
    const onProgress = request.onProgress.bind(undefined, name)
    const imported = await importPartition(store, packer, volume, map, chunkBytes, onProgress, request.signal)
    if (imported.ok) this.newBytes += imported.value.newBytes
    return imported
  }
}

const inPartition = (refusal: Refusal, name: string): Refusal => ({
  ...refusal,
  message: {
    en: `Partition ${name}: ${refusal.message.en}`,
    fr: `Partition ${name} : ${refusal.message.fr}`,
  },
})
