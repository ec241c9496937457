import type { ChunkName } from './digest.ts'
import type { ImageStore } from './folder-store.ts'
import { chunksOf, openContents } from './image-contents.ts'
import type { Manifest } from './manifest.ts'
import { type Result, refuse, right } from './refusal.ts'
import { parseUsedMap, type UsedMap, usedIn, wholeMap } from './used-map.ts'

export type PartitionDiff = {
  readonly name: string
  readonly kind: 'same' | 'changed' | 'added' | 'removed'
  /** Chunks of the newer version that are not zero, and how many of them lie where the older one has the same. */
  readonly chunks: number
  readonly sameChunks: number
  /** Used bytes of places where the contents differ, uncompressed: what is written to a disk. */
  readonly changedBytes: number
  /** Distinct chunks that the older version has nowhere, as stored: what is fetched. */
  readonly fetchChunks: number
  readonly fetchBytes: number
}

export type ImageDiff = { readonly partitions: readonly PartitionDiff[]; readonly fetchBytes: number }

/** What a PC with `older` has to write and to fetch to become `newer`. */
export const diffImages = async (
  store: ImageStore,
  older: Manifest,
  newer: Manifest,
): Promise<Result<ImageDiff>> => {
  const before = await openContents(store, older)
  if (!before.ok) return before
  const after = await openContents(store, newer)
  if (!after.ok) return after
  const maps = await openMaps(store, newer)
  if (!maps.ok) return maps
  const had = new Set<ChunkName>()
  for (const each of before.value) for (const { name } of chunksOf(each, older.chunkBytes)) had.add(name)
  const partitions: PartitionDiff[] = []
  const fetched = new Set<ChunkName>()
  for (const each of after.value) {
    const old = before.value.find(({ name }) => name === each.name)?.list
    const map = maps.value.get(each.name) ?? wholeMap(each.sizeBytes)
    const tally = { chunks: 0, sameChunks: 0, changedBytes: 0, fetchChunks: 0, fetchBytes: 0 }
    for (let index = 0; index < each.list.length; index += 1) {
      const name = each.list.name(index)
      const same = old !== undefined && index < old.length && old.name(index) === name
      if (!same) tally.changedBytes += usedBytesIn(map, index * newer.chunkBytes, newer.chunkBytes)
      if (name === undefined) continue
      tally.chunks += 1
      if (same) tally.sameChunks += 1
      if (had.has(name) || fetched.has(name)) continue
      fetched.add(name)
      tally.fetchChunks += 1
      tally.fetchBytes += (await store.chunkStoredBytes(name)) ?? 0
    }
    partitions.push({
      name: each.name,
      kind: old === undefined ? 'added' : tally.changedBytes === 0 ? 'same' : 'changed',
      ...tally,
    })
  }
  for (const { name } of before.value) {
    if (after.value.some((each) => each.name === name)) continue
    const nothing = { chunks: 0, sameChunks: 0, changedBytes: 0, fetchChunks: 0, fetchBytes: 0 }
    partitions.push({ name, kind: 'removed', ...nothing })
  }
  return right({ partitions, fetchBytes: partitions.reduce((sum, { fetchBytes }) => sum + fetchBytes, 0) })
}

const usedBytesIn = (map: UsedMap, fromByte: number, bytes: number): number =>
  usedIn(map, fromByte, bytes).reduce((sum, extent) => sum + extent.bytes, 0)

/** Of each partition. */
const openMaps = async (
  store: ImageStore,
  { partitions }: Manifest,
): Promise<Result<ReadonlyMap<string, UsedMap>>> => {
  const maps = new Map<string, UsedMap>()
  for (const { name, map, sizeBytes } of partitions) {
    const read = await store.readMap(map)
    if (!read.ok) return read
    const parsed = parseUsedMap(read.value, sizeBytes)
    if (!parsed.ok) {
      return refuse(
        'map-damaged',
        `The map of used bytes of partition ${name} does not fit its size. Run proviseur image verify.`,
        `La carte des octets utilisés de la partition ${name} ne correspond pas à sa taille. Lancez proviseur image verify.`,
      )
    }
    maps.set(name, parsed.map)
  }
  return right(maps)
}
