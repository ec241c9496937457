/**
 * A system's partition is not to start while it is half-written, whoever tries: its first chunk, where boot sector and superblock
 * are, is destroyed before anything else is written, and comes last. In its place stands a mark that says so, and to which run it
 * belongs.
 */
import { randomBytes } from 'node:crypto'
import { openDevice } from './device.ts'
import { chunkBytesAt, type Region, readChunk, usedOf, writeChunk } from './region.ts'
import { createSlots, type Slot } from './slots.ts'

const opening = 'proviseur: half-written '
const markBytes = 32
/** No file system leaves so much unused before its first block. */
const searchedBytes = 65_536
const markPattern = /^[0-9a-f]{32}$/u
/** What a file system is known by lies in here; it is written by itself, after all the rest. */
export const headBytes = 4096

export const newMark = (): string => randomBytes(markBytes / 2).toString('hex')

/** A first chunk without a used byte cannot be destroyed, and holds nothing that starts. */
export const canBeDestroyed = (region: Region): boolean =>
  region.sizeBytes > 0 && usedOf(region, 0).length > 0

/** Zeroes every used byte of the first chunk but for the mark, durably. Returns the bytes written. */
export const destroyFirstChunk = async (region: Region, mark: string, slot: Slot): Promise<number> => {
  slot.bytes.fill(0, 0, chunkBytesAt(region, 0))
  slot.bytes.set(Buffer.from(`${opening}${mark}\n`), usedOf(region, 0)[0]?.fromByte ?? 0)
  const written = await writeChunk(region, 0, slot)
  await region.device.sync()
  return written
}

export type Marked = {
  readonly mark: string
  /** Nothing else is left there. It may be: the power went while the chunk was being destroyed, or while it came back. */
  readonly isDestroyed: boolean
}

/** The mark that stands in the first chunk; undefined: none. */
export const readMark = async (region: Region, slot: Slot): Promise<Marked | undefined> => {
  await readChunk(region, 0, slot)
  const used = usedOf(region, 0)
  const from = used[0]?.fromByte ?? 0
  const text = Buffer.from(slot.bytes.subarray(from, from + opening.length + markBytes)).toString('latin1')
  const mark = text.slice(opening.length)
  if (!text.startsWith(opening) || !markPattern.test(mark)) return undefined
  // Its line ends after it.
  const end = from + text.length + 1
  const isDestroyed = used.every(({ fromByte, bytes }) =>
    slot.bytes.subarray(Math.max(fromByte, end), fromByte + bytes).every((byte) => byte === 0),
  )
  return { mark, isDestroyed }
}

/**
 * Whether a partition bears the mark, looked for without its map. One that does and cannot be mounted is no broken file system that a
 * check could mend: what a check finds in it belongs to two different images.
 */
export const isHalfWritten = async (path: string, offsetBytes: number): Promise<boolean> => {
  const device = await openDevice(path, 'read')
  try {
    const bytes = new Uint8Array(createSlots([{ count: 1, bytes: searchedBytes }]).memory, 0, searchedBytes)
    await device.read(bytes, offsetBytes)
    for (let at = 0; at < searchedBytes; at += 512) {
      if (Buffer.from(bytes.subarray(at, at + opening.length)).toString('latin1') === opening) return true
    }
    return false
  } finally {
    await device.close()
  }
}
