/** Reads volumes and sends what a site server lacks of them. */
import { chunkListDigest, createChunkList } from '../../imaging/chunk-list.ts'
import type { ChunkName } from '../../imaging/digest.ts'
import type { HttpUpload, Uploaded } from '../../imaging/http-upload.ts'
import type { ManifestPartition } from '../../imaging/manifest.ts'
import type { Volume } from '../../imaging/used-blocks/volume.ts'
import { encodeUsedMap, type UsedMap, usedMapDigest } from '../../imaging/used-map.ts'
import type { Counters } from './counters.ts'
import type { Device } from './device.ts'
import type { Machinery } from './machinery.ts'
import { chunkBytesAt, type Region } from './region.ts'
import { Stop, sourceStop } from './stop.ts'
import { type SweptChunk, sweep } from './sweep.ts'

/** imaging/http-upload.ts on a PC. */
export type ChunkUpload = Pick<HttpUpload, 'missing' | 'putChunk' | 'putList' | 'putMap'>

export type UploaderParts = {
  readonly device: Device
  readonly chunkBytes: number
  readonly upload: ChunkUpload
  readonly machinery: Machinery
  readonly counters: Counters
  readonly signal: AbortSignal
}

export type Uploader = {
  /** Throws `Stop` and `DiskFault`. What it returns is on the server. */
  read(
    volume: Volume,
    map: UsedMap,
    name: string,
  ): Promise<Pick<ManifestPartition, 'list' | 'map' | 'usedBytes' | 'storedBytes'>>
  sentBytes(): number
}

export const createUploader = (parts: UploaderParts): Uploader => {
  const { upload, machinery, counters, signal } = parts
  const isMissing = askInBatches(upload, signal)
  /** Over all volumes of this disk: equal chunks are sent once. */
  const seen = new Map<ChunkName, Promise<number>>()
  let sentBytes = 0

  const pack = async (region: Region, { index, slot }: SweptChunk): Promise<Uint8Array> => {
    const packed = await machinery.crew.pack(
      { at: slot.at, bytes: chunkBytesAt(region, index) },
      { at: slot.at + machinery.storedAt, bytes: slot.bytes.length - machinery.storedAt },
    )
    return slot.bytes.subarray(machinery.storedAt, machinery.storedAt + packed)
  }
  /** Bytes as sent: what the server has already it measures itself, when it makes the image of the draft. */
  const send = async (region: Region, chunk: SweptChunk, name: ChunkName): Promise<number> => {
    if (!(await isMissing(name))) return 0
    const packed = await pack(region, chunk)
    taken(await upload.putChunk(name, packed, signal))
    sentBytes += packed.length
    counters.written += packed.length
    return packed.length
  }

  return {
    sentBytes: () => sentBytes,
    read: async (volume, map, name) => {
      const region: Region = {
        device: parts.device,
        offsetBytes: volume.offsetBytes,
        sizeBytes: volume.sizeBytes,
        chunkBytes: parts.chunkBytes,
        map,
      }
      counters.phase('capture', name)
      const count = Math.ceil(volume.sizeBytes / parts.chunkBytes)
      const names = new Array<ChunkName | undefined>(count).fill(undefined)
      const mine = new Set<ChunkName>()
      await sweep(region, machinery, machinery.fetching, signal, async (chunk) => {
        names[chunk.index] = chunk.name
        counters.read += chunk.usedBytes
        if (chunk.name !== undefined) {
          mine.add(chunk.name)
          const sent = seen.get(chunk.name) ?? send(region, chunk, chunk.name)
          seen.set(chunk.name, sent)
          await sent
        }
        counters.settle(chunk.usedBytes)
      })
      const list = createChunkList(names).bytes
      const mapBytes = encodeUsedMap(map)
      const digests = { list: chunkListDigest(list), map: usedMapDigest(mapBytes) }
      taken(await upload.putList(digests.list, list, signal))
      taken(await upload.putMap(digests.map, mapBytes, signal))
      let storedBytes = 0
      for (const one of mine) storedBytes += (await seen.get(one)) ?? 0
      counters.perPartition.push({ name, chunks: count, differing: mine.size })
      return { ...digests, usedBytes: map.usedBytes, storedBytes }
    },
  }
}

/** Names that come up while an answer is awaited go together into the next question. */
const askInBatches = (upload: ChunkUpload, signal: AbortSignal): ((name: ChunkName) => Promise<boolean>) => {
  let waiting: { name: ChunkName; resolve: (is: boolean) => void; reject: (error: unknown) => void }[] = []
  let isAsking = false
  const ask = async (): Promise<void> => {
    isAsking = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        const missing = new Set(
          taken(
            await upload.missing(
              batch.map(({ name }) => name),
              signal,
            ),
          ),
        )
        for (const { name, resolve } of batch) resolve(missing.has(name))
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    isAsking = false
  }
  return (name) =>
    new Promise((resolve, reject) => {
      waiting.push({ name, resolve, reject })
      if (!isAsking) void ask()
    })
}

const taken = <T>(uploaded: Uploaded<T>): T => {
  if (uploaded.ok) return uploaded.value
  if (uploaded.code === 'store-full') throw new Stop('store-full', uploaded.message)
  throw sourceStop('chunk', uploaded)
}
