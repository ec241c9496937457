/**
 * Fills the cache partition's store, so that the next reset needs no network: with the wanted image's lists, maps and chunks. Chunks
 * that were fetched just now are there already; those that the disk itself has, verified, are read and packed from there; the rest
 * comes over the network. What no kept image and no seal needs is thrown out first.
 *
 * The caller has put the manifest itself there, checked (`putManifest`).
 */
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isMissing, isTemporary, removeIfThere } from '../../imaging/atomic-file.ts'
import { type ChunkList, chunkCount, chunkSizeAt, parseChunkList } from '../../imaging/chunk-list.ts'
import { type ChunkName, isChunkName, type ManifestDigest } from '../../imaging/digest.ts'
import type { ImageStore } from '../../imaging/folder-store.ts'
import { openContents, openManifest } from '../../imaging/image-contents.ts'
import type { Manifest } from '../../imaging/manifest.ts'
import type { ChunkSource } from '../../imaging/source.ts'
import { chunkPath, listPath, manifestPath, mapPath, signaturePath } from '../../imaging/store-paths.ts'
import { walkStore } from '../../imaging/store-walk.ts'
import { parseUsedMap } from '../../imaging/used-map.ts'
import { say } from '../../specs/text.ts'
import { chunkFile, forgetTorn, mayBeTorn, putUnsynced, startUnsynced, syncCache } from './cache-chunk.ts'
import { cacheThenNetwork } from './cache-then-network.ts'
import { type Counters, createCounters, type EngineProgress } from './counters.ts'
import { openDevice } from './device.ts'
import { type Machinery, startMachinery } from './machinery.ts'
import type { Target } from './make-equal.ts'
import { chunkBytesAt } from './region.ts'
import { aborted, type EngineFailure, failureOf, Stop, sourceStop } from './stop.ts'
import { sweep } from './sweep.ts'
import { createTaskGroup } from './task-group.ts'

export type FillParts = {
  readonly cache: ImageStore
  readonly manifest: Manifest
  readonly digest: ManifestDigest
  readonly network: ChunkSource
  /** Partitions of this image on the disk, to be read; each chunk is checked, so it does no harm if one has changed. */
  readonly onDisk: readonly Target[]
  /** Images besides this one whose chunks stay: none as a rule. */
  readonly keep: readonly ManifestDigest[]
  /** Files of the store that the seals need: sealed.ts, `sealedFiles`. */
  readonly sealed: ReadonlySet<string>
  /** Room to be left in the partition: for the boot menu, the imager, kept paths. */
  readonly reserveBytes: number
  report(progress: EngineProgress): void
  readonly signal: AbortSignal
}

export type Filled =
  /** Every chunk is there, was checked once, and is durable. */
  | { readonly ok: true; readonly storedBytes: number; readonly evictedFiles: number }
  /** `store-full`: it does not hold the whole image; what it has is right. */
  | EngineFailure

export const fillCache = async (parts: FillParts): Promise<Filled> => {
  const machinery = startMachinery(parts.manifest.chunkBytes)
  const total = parts.manifest.partitions.reduce((sum, { storedBytes }) => sum + storedBytes, 0)
  const counters = createCounters(total, parts.report)
  counters.phase('cache')
  try {
    const wanted = await wantedChunks(parts)
    const evictedFiles = await evict(parts, wanted)
    if (await mayBeTorn(parts.cache)) await dropTorn(parts, wanted, machinery)
    await startUnsynced(parts.cache)
    const fill: Fill = { ...parts, wanted, machinery, counters, storedBytes: 0, isFull: false }
    await fillFromDisk(fill)
    // What came damaged is asked for once more.
    for (const isLast of [false, true]) await fillFromNetwork(fill, isLast)
    await syncCache(parts.cache)
    if (fill.isFull) throw noRoom(parts.cache)
    return { ok: true, storedBytes: fill.storedBytes, evictedFiles }
  } catch (error) {
    const failure = parts.signal.aborted ? aborted().failure : failureOf(error)
    if (failure === undefined) throw error
    return failure
  } finally {
    await machinery.close()
  }
}

/** Whether every chunk of the image is there, by name and durably: a reset without a network will find what it needs. */
export const cacheHolds = async (cache: ImageStore, digest: ManifestDigest): Promise<boolean> => {
  const manifest = await openManifest(cache, digest)
  if (!manifest.ok || (await mayBeTorn(cache))) return false
  const contents = await openContents(cache, manifest.value)
  if (!contents.ok) return false
  for (const { map } of manifest.value.partitions) if (!(await cache.readMap(map)).ok) return false
  for (const { list } of contents.value) {
    if ((await cache.missingChunks(namesOf(list).values())).length > 0) return false
  }
  return true
}

/** Name → bytes as unpacked. */
type Wanted = ReadonlyMap<ChunkName, number>

type Fill = FillParts & {
  readonly wanted: Wanted
  readonly machinery: Machinery
  readonly counters: Counters
  storedBytes: number
  isFull: boolean
}

const namesOf = (list: ChunkList): ReadonlySet<ChunkName> => {
  const names = new Set<ChunkName>()
  for (let index = 0; index < list.length; index += 1) {
    const name = list.name(index)
    if (name !== undefined) names.add(name)
  }
  return names
}

/** Puts the lists and maps into the cache on the way. */
const wantedChunks = async ({ cache, manifest, network, signal }: FillParts): Promise<Wanted> => {
  const source = cacheThenNetwork(cache, network)
  const wanted = new Map<ChunkName, number>()
  const { gap } = manifest.disk
  for (const { list, sizeBytes } of [...manifest.partitions, ...(gap === undefined ? [] : [gap])]) {
    const fetched = await source.list(list, signal)
    if (!fetched.ok) throw sourceStop('list', fetched)
    const parsed = parseChunkList(fetched.value, chunkCount(sizeBytes, manifest.chunkBytes))
    if (!parsed.ok) throw new Stop('list-damaged', say(`List ${list}`, `Liste ${list}`))
    for (let index = 0; index < parsed.list.length; index += 1) {
      const name = parsed.list.name(index)
      if (name !== undefined) wanted.set(name, chunkSizeAt(index, sizeBytes, manifest.chunkBytes))
    }
  }
  for (const { map } of manifest.partitions) {
    const fetched = await source.map(map, signal)
    if (!fetched.ok) throw sourceStop('list', fetched)
  }
  return wanted
}

/** An image that is to be kept and cannot be read keeps nothing: its chunks are of no use to it. */
const evict = async (parts: FillParts, wanted: Wanted): Promise<number> => {
  const { cache, manifest, digest, sealed } = parts
  const stay = new Set<string>([manifestPath(digest), signaturePath(digest)])
  for (const name of wanted.keys()) stay.add(chunkPath(name))
  const images = [manifest]
  for (const other of parts.keep) {
    const opened = await openManifest(cache, other)
    const contents = opened.ok ? await openContents(cache, opened.value) : opened
    if (!opened.ok || !contents.ok) continue
    images.push(opened.value)
    stay.add(manifestPath(other)).add(signaturePath(other))
    for (const { list } of contents.value) for (const name of namesOf(list)) stay.add(chunkPath(name))
  }
  for (const image of images) {
    for (const { list, map } of image.partitions) stay.add(listPath(list)).add(mapPath(map))
    if (image.disk.gap !== undefined) stay.add(listPath(image.disk.gap.list))
  }
  let evicted = 0
  // Nobody else writes here: what is unfinished is of a run that was cut off.
  for await (const { path } of walkStore(cache.folder, ['manifests', 'lists', 'maps', 'chunks', 'names'])) {
    const isWanted = stay.has(path) || sealed.has(join(cache.folder, path))
    if (isWanted && !isTemporary(basename(path))) continue
    if (await removeIfThere(join(cache.folder, path))) evicted += 1
  }
  return evicted
}

/** The power went before chunks were synced: each file is opened, and what is not right is thrown out. */
const dropTorn = async (parts: FillParts, wanted: Wanted, machinery: Machinery): Promise<void> => {
  const { cache, signal } = parts
  const group = createTaskGroup(signal)
  for (const name of await chunksIn(cache)) {
    const slot = await machinery.fetching.take(group.signal)
    if (slot === undefined) break
    group.spawn(async () => {
      try {
        const stored = await cache.readChunk(name)
        const room = slot.bytes.length - machinery.storedAt
        // Of a chunk that only a seal has, the size is not known here: sealed again, it comes back.
        const bytes = wanted.get(name)
        if (stored !== undefined && bytes !== undefined && stored.length <= room) {
          slot.bytes.set(stored, machinery.storedAt)
          const from = { at: slot.at + machinery.storedAt, bytes: stored.length }
          if (await machinery.crew.open(name, from, { at: slot.at, bytes })) return
        }
        await removeIfThere(chunkFile(cache, name))
      } finally {
        machinery.fetching.give(slot)
      }
    })
  }
  await group.settle()
  if (signal.aborted) throw aborted()
  await forgetTorn(cache)
}

const chunksIn = async (cache: ImageStore): Promise<readonly ChunkName[]> => {
  const names: ChunkName[] = []
  for (const folder of await entriesOf(join(cache.folder, 'chunks'))) {
    for (const file of await entriesOf(join(cache.folder, 'chunks', folder))) {
      const name = basename(file, '.zst')
      if (isChunkName(name)) names.push(name)
    }
  }
  return names
}

const entriesOf = async (folder: string): Promise<readonly string[]> => {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

const fillFromDisk = async (fill: Fill): Promise<void> => {
  const { cache, manifest, machinery, wanted } = fill
  const lacking = new Set(await cache.missingChunks(wanted.keys()))
  for (const target of fill.onDisk) {
    if (lacking.size === 0) return
    const { partition } = target
    const [listBytes, mapBytes] = [await cache.readList(partition.list), await cache.readMap(partition.map)]
    const list = listBytes.ok ? parseChunkList(listBytes.value) : undefined
    const map = mapBytes.ok ? parseUsedMap(mapBytes.value, partition.sizeBytes) : undefined
    if (list?.ok !== true || map?.ok !== true) continue
    const device = await openDevice(target.device, 'read')
    try {
      const { chunkBytes } = manifest
      const { offsetBytes } = target
      const region = { device, offsetBytes, sizeBytes: partition.sizeBytes, chunkBytes, map: map.map }
      await sweep(
        region,
        machinery,
        machinery.fetching,
        fill.signal,
        async ({ index, name, slot }) => {
          if (name === undefined || !lacking.delete(name)) return
          const packed = await machinery.crew.pack(
            { at: slot.at, bytes: chunkBytesAt(region, index) },
            { at: slot.at + machinery.storedAt, bytes: slot.bytes.length - machinery.storedAt },
          )
          await store(fill, name, slot.bytes.subarray(machinery.storedAt, machinery.storedAt + packed))
        },
        (index) => {
          const name = list.list.name(index)
          return !fill.isFull && name !== undefined && lacking.has(name)
        },
      )
    } finally {
      await device.close()
    }
  }
}

const fetchAtOnce = 128

const fillFromNetwork = async (fill: Fill, isLast: boolean): Promise<void> => {
  const { cache, machinery, network, signal, wanted } = fill
  const lacking = await cache.missingChunks(wanted.keys())
  for (let next = 0; next < lacking.length && !fill.isFull; next += fetchAtOnce) {
    const group = createTaskGroup(signal)
    for await (const item of network.chunks(lacking.slice(next, next + fetchAtOnce), group.signal)) {
      if ('failure' in item) throw sourceStop('chunk', item.failure)
      const { name } = item
      if (!('compressed' in item)) {
        throw new Stop('chunk-missing', say(`Chunk ${name}`, `Bloc ${name}`))
      }
      const { compressed } = item
      fill.counters.fetched += compressed.length
      const slot = await machinery.fetching.take(group.signal)
      if (slot === undefined) break
      group.spawn(async () => {
        try {
          const room = slot.bytes.length - machinery.storedAt
          if (compressed.length <= room) slot.bytes.set(compressed, machinery.storedAt)
          const from = { at: slot.at + machinery.storedAt, bytes: Math.min(room, compressed.length) }
          const to = { at: slot.at, bytes: wanted.get(name) ?? 0 }
          if (await machinery.crew.open(name, from, to)) await store(fill, name, compressed)
          else if (isLast) throw new Stop('chunk-damaged', say(`Chunk ${name}`, `Bloc ${name}`))
        } finally {
          machinery.fetching.give(slot)
        }
      })
    }
    await group.settle()
    if (signal.aborted) throw aborted()
  }
}

const store = async (fill: Fill, name: ChunkName, stored: Uint8Array): Promise<void> => {
  if (fill.isFull) return
  if (!(await putUnsynced(fill.cache, name, stored, fill.reserveBytes))) {
    fill.isFull = true
    return
  }
  fill.storedBytes += stored.length
  fill.counters.written += stored.length
  fill.counters.settle(stored.length)
}

const noRoom = (cache: ImageStore): Stop =>
  new Stop(
    'store-full',
    say(
      `The image does not fit into the cache partition (${cache.folder}).`,
      `L’image ne tient pas dans la partition de cache (${cache.folder}).`,
    ),
  )
