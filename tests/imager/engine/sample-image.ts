/** Images of made-up partitions: any content, any used map, in a folder store as an import would have left it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { chunkListDigest, createChunkList } from '../../../imaging/chunk-list.ts'
import { chunkName, compressChunk, isZero } from '../../../imaging/codec.ts'
import type { ChunkName } from '../../../imaging/digest.ts'
import { type ImageStore, openFolderStore } from '../../../imaging/folder-store.ts'
import type { ManifestPartition } from '../../../imaging/manifest.ts'
import {
  createUsedMap,
  encodeUsedMap,
  maskChunk,
  type UsedMap,
  usedIn,
  usedMapDigest,
} from '../../../imaging/used-map.ts'
import type { Random } from '../../../reconciler/ports.ts'

export const chunkBytes = 64 * 1024

export type SampleImage = {
  readonly partition: ManifestPartition
  /** Its content; what is unused is zero. */
  readonly content: Uint8Array
  readonly map: UsedMap
  readonly names: readonly (ChunkName | undefined)[]
}

export const folder = async (t: ExecutionContext): Promise<string> => {
  const path = await mkdtemp(join(tmpdir(), 'proviseur-engine-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

export const freshStore = async (t: ExecutionContext): Promise<ImageStore> => openFolderStore(await folder(t))

export const randomBytes = (random: Random, bytes: number): Uint8Array => {
  const words = new Uint32Array(Math.ceil(bytes / 4))
  for (let at = 0; at < words.length; at += 1) words[at] = random() * 2 ** 32
  return new Uint8Array(words.buffer, 0, bytes)
}

/** Whole number, uniform in [least, most]. */
export const pick = (random: Random, least: number, most: number): number =>
  least + Math.floor(random() * (most - least + 1))

/** Extents of 512-byte sectors all over the partition; the first sectors are used, as a file system's are. */
export const randomMap = (random: Random, sizeBytes: number): UsedMap => {
  const extents = [{ fromByte: 0, bytes: 4096 * pick(random, 1, 4) }]
  const unit = random() < 0.5 ? 512 : 4096
  for (let at = 0; at < sizeBytes; ) {
    const bytes = unit * pick(random, 1, random() < 0.3 ? 4 : 200)
    if (random() < 0.6) extents.push({ fromByte: at, bytes })
    at += bytes
  }
  return createUsedMap(sizeBytes, extents)
}

/** Content as disks have it: noise, repeated chunks, zeros. */
export const randomContent = (random: Random, sizeBytes: number): Uint8Array => {
  const content = new Uint8Array(sizeBytes)
  for (let at = 0; at < sizeBytes; at += chunkBytes) {
    const bytes = Math.min(chunkBytes, sizeBytes - at)
    const kind = random()
    if (kind < 0.6) content.set(randomBytes(random, bytes), at)
    else if (kind < 0.8) content.fill(pick(random, 1, 3), at, at + bytes)
  }
  content.set(randomBytes(random, Math.min(4096, sizeBytes)), 0)
  return content
}

/** Puts the image into the store. `size` is the chunk size, if it is not the small one of the tests. */
export const storeImage = async (
  store: ImageStore,
  name: string,
  content: Uint8Array,
  map: UsedMap,
  size = chunkBytes,
): Promise<SampleImage> => {
  const masked = Uint8Array.from(content)
  maskChunk(masked, 0, map)
  const names: (ChunkName | undefined)[] = []
  let storedBytes = 0
  for (let at = 0; at < masked.length; at += size) {
    const chunk = masked.subarray(at, Math.min(masked.length, at + size))
    if (isZero(chunk)) {
      names.push(undefined)
      continue
    }
    const packed = compressChunk(chunk)
    storedBytes += packed.length
    await store.putChunk(chunkName(chunk), packed)
    names.push(chunkName(chunk))
  }
  const list = createChunkList(names).bytes
  const mapBytes = encodeUsedMap(map)
  await store.putList(chunkListDigest(list), list)
  await store.putMap(usedMapDigest(mapBytes), mapBytes)
  const partition: ManifestPartition = {
    name,
    number: 1,
    type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
    sizeBytes: masked.length,
    fileSystem: { kind: 'raw' },
    list: chunkListDigest(list),
    map: usedMapDigest(mapBytes),
    usedBytes: map.usedBytes,
    storedBytes,
  }
  return { partition, content: masked, map, names }
}

/** Where a disk is not what it should be: the first byte; undefined: used bytes are the image's, unused ones those of `before`. */
export const firstWrongByte = (
  image: Pick<SampleImage, 'content' | 'map'>,
  before: Uint8Array,
  disk: Uint8Array,
): number | undefined => {
  const wanted = Uint8Array.from(before)
  for (const { fromByte, bytes } of usedIn(image.map, 0, image.content.length)) {
    wanted.set(image.content.subarray(fromByte, fromByte + bytes), fromByte)
  }
  if (Buffer.compare(wanted, disk) === 0) return undefined
  return wanted.findIndex((byte, at) => byte !== disk[at])
}

/** Whether every used byte of one chunk is the image's. */
export const chunkIsRight = (image: SampleImage, disk: Uint8Array, index: number): boolean => {
  const from = index * chunkBytes
  const bytes = Math.min(chunkBytes, image.content.length - from)
  return usedIn(image.map, from, bytes).every(
    (extent) =>
      Buffer.compare(
        image.content.subarray(extent.fromByte, extent.fromByte + extent.bytes),
        disk.subarray(extent.fromByte, extent.fromByte + extent.bytes),
      ) === 0,
  )
}
