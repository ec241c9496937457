import { chunkCount, chunkListDigest, createChunkList } from '../chunk-list.ts'
import type { ChunkListDigest, ChunkName, UsedMapDigest } from '../digest.ts'
import type { ImageStore } from '../folder-store.ts'
import { type Result, refuse, right } from '../refusal.ts'
import type { Volume } from '../used-blocks/volume.ts'
import { encodeUsedMap, type UsedMap, usedIn, usedMapDigest } from '../used-map.ts'
import type { ChunkPacker } from './chunk-packer.ts'
import type { PackedChunk } from './packed-range.ts'

export type ImportedPartition = {
  readonly list: ChunkListDigest
  readonly map: UsedMapDigest
  readonly usedBytes: number
  readonly storedBytes: number
  /** Of the chunks that the store did not have. */
  readonly newBytes: number
}

/** Bytes of the partition's used ones that were dealt with, and what of them was new, as stored. */
export type PartitionProgress = {
  readonly doneBytes: number
  readonly totalBytes: number
  readonly newBytes: number
}

/** Chunks that a thread takes at once: long enough for the disk to be read in order. */
const rangeChunks = 16

/** Reads a partition into the store: its chunks, its list, its map. */
export const importPartition = async (
  store: ImageStore,
  packer: ChunkPacker,
  volume: Volume,
  map: UsedMap,
  chunkBytes: number,
  onProgress: (progress: PartitionProgress) => void,
  signal?: AbortSignal,
): Promise<Result<ImportedPartition>> => {
  const count = chunkCount(volume.sizeBytes, chunkBytes)
  const names = new Array<ChunkName | undefined>(count).fill(undefined)
  const stored = new Map<string, number>()
  const totals = { doneBytes: 0, newBytes: 0 }
  let refusal: Extract<Result<never>, { ok: false }> | undefined
  let next = 0

  const take = (chunk: PackedChunk): void => {
    names[chunk.index] = chunk.name as ChunkName
    if (stored.has(chunk.name)) return
    stored.set(chunk.name, chunk.storedBytes)
    if (chunk.isNew) totals.newBytes += chunk.storedBytes
  }
  const work = async (): Promise<void> => {
    while (next < count && refusal === undefined) {
      signal?.throwIfAborted()
      const firstChunk = next
      const chunks = Math.min(rangeChunks, count - firstChunk)
      next += chunks
      const used = usedIn(map, firstChunk * chunkBytes, chunks * chunkBytes)
      if (used.length === 0) continue
      const packed = await packer.pack({ volume, chunkBytes, firstChunk, chunks, used })
      switch (packed.kind) {
        case 'packed':
          for (const chunk of packed.chunks) take(chunk)
          totals.doneBytes += used.reduce((sum, { bytes }) => sum + bytes, 0)
          onProgress({ ...totals, totalBytes: map.usedBytes })
          break
        case 'store-full':
          refusal = { ok: false, code: 'store-full', message: packed.message }
          break
        case 'unreadable':
          refusal = unreadable(volume, packed.fromByte, packed.detail)
          break
      }
    }
  }
  // One more than there are threads: none waits for its next range.
  await Promise.all(Array.from({ length: packer.threads + 1 }, work))
  if (refusal !== undefined) return refusal

  const list = createChunkList(names).bytes
  const mapBytes = encodeUsedMap(map)
  const digests = { list: chunkListDigest(list), map: usedMapDigest(mapBytes) }
  for (const put of [await store.putList(digests.list, list), await store.putMap(digests.map, mapBytes)])
    if (!put.ok) return put
  let storedBytes = 0
  for (const bytes of stored.values()) storedBytes += bytes
  return right({ ...digests, usedBytes: map.usedBytes, storedBytes, newBytes: totals.newBytes })
}

const unreadable = (volume: Volume, fromByte: number, detail: string) =>
  refuse(
    'disk-image-unreadable',
    `${volume.path} cannot be read at byte ${volume.offsetBytes + fromByte}: it was cut, or its disk is failing.`,
    `${volume.path} est illisible à l’octet ${volume.offsetBytes + fromByte}\u00a0: le fichier est tronqué ou son disque est défaillant.`,
    detail,
  )
