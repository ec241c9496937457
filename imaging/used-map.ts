/**
 * Which bytes of a partition are used at all. Whoever hashes a chunk counts the others as zero: they are neither stored, nor
 * written, nor compared.
 *
 * As bytes: `PUM1`, then LEB128 numbers: the unit in bytes (4096, or 512 where something begins or ends in between), the size
 * of the partition in bytes, then the lengths of runs in units: unused, used, unused, … until the size is covered, the last unit
 * perhaps in part. Only the first run may be empty. A root of 30 GiB with a thousand runs takes two to three kilobytes.
 */
import { sha256, type UsedMapDigest } from './digest.ts'

export type Extent = { readonly fromByte: number; readonly bytes: number }

export type UsedMap = {
  readonly sizeBytes: number
  readonly usedBytes: number
  /** Number of extents. */
  readonly length: number
  /** Begin and end of each extent in turn, ascending, never touching: packed, as a fragmented disk has a million of them. */
  readonly bounds: Float64Array
}

export type ParsedUsedMap =
  | { readonly ok: true; readonly map: UsedMap }
  | { readonly ok: false; readonly code: 'map-damaged' }

const magic = 'PUM1'
const units = [4096, 512] as const
/** Smaller than any sector, a boundary would tear what a disk writes at once. */
const finestBytes = 512

/**
 * From extents in any order that may touch or overlap; each is widened to whole sectors of 512 bytes, and cut at the partition's end.
 */
export const createUsedMap = (sizeBytes: number, extents: Iterable<Extent>): UsedMap => {
  const sorted: { from: number; end: number }[] = []
  let ordered = true
  for (const { fromByte, bytes } of extents) {
    const from = Math.max(0, Math.floor(fromByte / finestBytes) * finestBytes)
    const end = Math.min(sizeBytes, Math.ceil((fromByte + bytes) / finestBytes) * finestBytes)
    if (end <= from) continue
    const last = sorted.at(-1)
    if (last !== undefined && from < last.from) ordered = false
    if (ordered && last !== undefined && from <= last.end) last.end = Math.max(last.end, end)
    else sorted.push({ from, end })
  }
  if (!ordered) sorted.sort((a, b) => a.from - b.from)
  const merged: { from: number; end: number }[] = []
  for (const extent of sorted) {
    const last = merged.at(-1)
    if (last !== undefined && extent.from <= last.end) last.end = Math.max(last.end, extent.end)
    else merged.push(extent)
  }
  const bounds = new Float64Array(merged.length * 2)
  for (const [index, { from, end }] of merged.entries()) {
    bounds[index * 2] = from
    bounds[index * 2 + 1] = end
  }
  return mapOver(sizeBytes, bounds)
}

/** Every byte counts. */
export const wholeMap = (sizeBytes: number): UsedMap =>
  createUsedMap(sizeBytes, [{ fromByte: 0, bytes: sizeBytes }])

const mapOver = (sizeBytes: number, bounds: Float64Array): UsedMap => {
  let usedBytes = 0
  for (let index = 0; index < bounds.length; index += 2)
    usedBytes += (bounds[index + 1] ?? 0) - (bounds[index] ?? 0)
  return { sizeBytes, usedBytes, length: bounds.length / 2, bounds }
}

/** The used extents inside `[from, from + bytes)`, cut at its ends. */
export const usedIn = (map: UsedMap, from: number, bytes: number): readonly Extent[] => {
  const end = from + bytes
  const found: Extent[] = []
  for (let index = firstEndingAfter(map, from); index < map.length; index += 1) {
    const extentFrom = Math.max(from, map.bounds[index * 2] ?? 0)
    if (extentFrom >= end) break
    const extentEnd = Math.min(end, map.bounds[index * 2 + 1] ?? 0)
    found.push({ fromByte: extentFrom, bytes: extentEnd - extentFrom })
  }
  return found
}

/** By bisection: index of the first extent that ends after this byte. */
const firstEndingAfter = (map: UsedMap, byte: number): number => {
  let low = 0
  let high = map.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((map.bounds[middle * 2 + 1] ?? 0) > byte) high = middle
    else low = middle + 1
  }
  return low
}

/** Zeroes, in place, what is unused of a chunk that lies at `chunkOffset` bytes of the partition. */
export const maskChunk = (chunk: Uint8Array, chunkOffset: number, map: UsedMap): void => {
  let clean = 0
  for (const { fromByte, bytes } of usedIn(map, chunkOffset, chunk.length)) {
    const from = fromByte - chunkOffset
    if (from > clean) chunk.fill(0, clean, from)
    clean = from + bytes
  }
  if (clean < chunk.length) chunk.fill(0, clean)
}

export const encodeUsedMap = (map: UsedMap): Uint8Array => {
  const unit = units.find((size) =>
    map.bounds.every((bound) => bound % size === 0 || bound === map.sizeBytes),
  )
  if (unit === undefined) throw new Error(`a used map has bounds inside of a sector of ${finestBytes} bytes`)
  const bytes: number[] = [...Buffer.from(magic)]
  putNumber(bytes, unit)
  putNumber(bytes, map.sizeBytes)
  let at = 0
  for (const bound of map.bounds) {
    const next = Math.ceil(bound / unit)
    putNumber(bytes, next - at)
    at = next
  }
  const end = Math.ceil(map.sizeBytes / unit)
  if (at < end) putNumber(bytes, end - at)
  return Uint8Array.from(bytes)
}

/** `expectedSizeBytes`: of the partition; a map of another size is damaged. */
export const parseUsedMap = (bytes: Uint8Array, expectedSizeBytes?: number): ParsedUsedMap => {
  const damaged = { ok: false, code: 'map-damaged' } as const
  if (Buffer.from(bytes.subarray(0, magic.length)).toString('latin1') !== magic) return damaged
  const reader = { bytes, at: magic.length }
  const unit = takeNumber(reader)
  const sizeBytes = takeNumber(reader)
  if (unit === undefined || !units.some((known) => known === unit) || sizeBytes === undefined) return damaged
  if (expectedSizeBytes !== undefined && sizeBytes !== expectedSizeBytes) return damaged
  const bounds: number[] = []
  const end = Math.ceil(sizeBytes / unit)
  let at = 0
  for (let run = 0; at < end; run += 1) {
    const length = takeNumber(reader)
    if (length === undefined || (length === 0 && run > 0) || length > end - at) return damaged
    at += length
    const bound = Math.min(at * unit, sizeBytes)
    // The runs' borders are the extents' bounds, but for the end of a last unused run.
    if (run % 2 === 1 || at < end) bounds.push(bound)
  }
  if (reader.at !== bytes.length) return damaged
  return { ok: true, map: mapOver(sizeBytes, Float64Array.from(bounds)) }
}

export const usedMapDigest = (bytes: Uint8Array): UsedMapDigest => sha256(bytes) as UsedMapDigest

const putNumber = (bytes: number[], value: number): void => {
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  bytes.push(rest)
}

/** Undefined: it breaks off, or is beyond what a number holds exactly. */
const takeNumber = (reader: { readonly bytes: Uint8Array; at: number }): number | undefined => {
  let value = 0
  let scale = 1
  for (;;) {
    const byte = reader.bytes[reader.at]
    if (byte === undefined) return undefined
    reader.at += 1
    value += (byte & 0x7f) * scale
    if (!Number.isSafeInteger(value)) return undefined
    if (byte < 0x80) return value
    scale *= 0x80
    if (scale > Number.MAX_SAFE_INTEGER) return undefined
  }
}
