/**
 * A partition's place on a device, with its map: reads and writes the used bytes of its chunks. What is unused is never written, and
 * read only where it lies in a small gap between used bytes, as one request is then cheaper than two.
 */
import { chunkCount, chunkSizeAt } from '../../imaging/chunk-list.ts'
import type { ChunkName } from '../../imaging/digest.ts'
import { type Extent, type UsedMap, usedIn } from '../../imaging/used-map.ts'
import type { Crew } from './crew.ts'
import { type Device, DiskFault } from './device.ts'
import type { Slot } from './slots.ts'

export type Region = {
  readonly device: Device
  /** Of the partition on the device. */
  readonly offsetBytes: number
  /** That the chunk list covers. */
  readonly sizeBytes: number
  readonly chunkBytes: number
  readonly map: UsedMap
}

/** A disk reads on through this much in less time than another request costs it. */
const gapBytes = 64 * 1024
/** A disk that cannot read names no place; this finds it. */
const searchBytes = 4096

export const chunksOf = (region: Region): number => chunkCount(region.sizeBytes, region.chunkBytes)

export const chunkBytesAt = (region: Region, index: number): number =>
  chunkSizeAt(index, region.sizeBytes, region.chunkBytes)

/** The used extents of a chunk, from its own beginning. */
export const usedOf = (region: Region, index: number): readonly Extent[] => {
  const from = index * region.chunkBytes
  return usedIn(region.map, from, chunkBytesAt(region, index)).map(({ fromByte, bytes }) => ({
    fromByte: fromByte - from,
    bytes,
  }))
}

export const usedBytesOf = (extents: readonly Extent[]): number =>
  extents.reduce((sum, { bytes }) => sum + bytes, 0)

/** Begin and end of each unused stretch of a chunk in turn. */
const unusedOf = (extents: readonly Extent[], sizeBytes: number): readonly number[] => {
  const bounds: number[] = []
  let clean = 0
  for (const { fromByte, bytes } of extents) {
    if (fromByte > clean) bounds.push(clean, fromByte)
    clean = fromByte + bytes
  }
  if (clean < sizeBytes) bounds.push(clean, sizeBytes)
  return bounds
}

/** Extents as requests: widened to whole sectors, joined over small gaps. */
const requestsFor = (
  extents: readonly Extent[],
  alignBytes: number,
  mostBytes: number,
): readonly Extent[] => {
  const requests: { fromByte: number; bytes: number }[] = []
  for (const extent of extents) {
    const from = Math.floor(extent.fromByte / alignBytes) * alignBytes
    const whole = Math.ceil((extent.fromByte + extent.bytes) / alignBytes) * alignBytes
    const end = whole <= mostBytes ? whole : extent.fromByte + extent.bytes
    const last = requests.at(-1)
    if (last !== undefined && from - (last.fromByte + last.bytes) <= gapBytes)
      last.bytes = end - last.fromByte
    else requests.push({ fromByte: from, bytes: end - from })
  }
  return requests
}

/** Reads the used bytes of a chunk to their places in the slot. What lies between them there is not defined. */
export const readChunk = async (region: Region, index: number, slot: Slot): Promise<void> => {
  const extents = usedOf(region, index)
  const start = region.offsetBytes + index * region.chunkBytes
  const read = ({ fromByte, bytes }: Extent): Promise<void> =>
    region.device.read(slot.bytes.subarray(fromByte, fromByte + bytes), start + fromByte)
  try {
    const size = chunkBytesAt(region, index)
    for (const request of requestsFor(extents, region.device.alignBytes, size)) await read(request)
  } catch (error) {
    if (!(error instanceof DiskFault) || error.reason !== 'disk-unreadable') throw error
    // Piece by piece: what is unreadable may be unused, or have been a passing trouble; otherwise this is the place.
    for (const { fromByte, bytes } of extents) {
      for (let done = 0; done < bytes; done += searchBytes) {
        await read({ fromByte: fromByte + done, bytes: Math.min(searchBytes, bytes - done) })
      }
    }
  }
}

/** The name of what `readChunk` put into the slot; undefined: every used byte is zero. */
export const nameChunk = (
  region: Region,
  index: number,
  slot: Slot,
  crew: Crew,
): Promise<ChunkName | undefined> => {
  const bytes = chunkBytesAt(region, index)
  return crew.name({ at: slot.at, bytes }, unusedOf(usedOf(region, index), bytes))
}

/** Writes the used bytes of a chunk from the slot, those between `from` and `to` of the chunk only. Returns how many. */
export const writeChunk = async (
  region: Region,
  index: number,
  slot: Slot,
  from = 0,
  to = region.chunkBytes,
): Promise<number> => {
  const start = region.offsetBytes + index * region.chunkBytes
  let written = 0
  for (const extent of usedOf(region, index)) {
    const begin = Math.max(from, extent.fromByte)
    const end = Math.min(to, extent.fromByte + extent.bytes)
    if (begin >= end) continue
    await region.device.write(slot.bytes.subarray(begin, end), start + begin)
    written += end - begin
  }
  return written
}
