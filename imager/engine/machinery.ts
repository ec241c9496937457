/** Workers, memory and disk turns of one operation: taken at its beginning, given back at its end. */
import { type Crew, createCrew } from './crew.ts'
import { createDiskTurns, type DiskTurns } from './disk-turns.ts'
import { createSlots, type SlotPool } from './slots.ts'

export type Machinery = {
  readonly crew: Crew
  readonly turns: DiskTurns
  /** For what is read from the disk and soon done with. */
  readonly reading: SlotPool
  /** For what was fetched: a chunk, and room for it as it is stored. */
  readonly fetching: SlotPool
  /** Where in a fetching slot the stored form begins. */
  readonly storedAt: number
  close(): Promise<void>
}

const mebibyte = 2 ** 20
/** Enough to keep disk, workers and a link of 1 Gbit/s busy through one disk flush. */
const readingBytes = 12 * mebibyte
const fetchingBytes = 48 * mebibyte

export const storedRoom = (chunkBytes: number): number => chunkBytes + (chunkBytes >> 7) + 4096

export const startMachinery = (chunkBytes: number): Machinery => {
  const storedAt = Math.ceil(chunkBytes / 4096) * 4096
  const pairBytes = storedAt + storedRoom(chunkBytes)
  const { memory, pools } = createSlots([
    { count: within(4, Math.floor(readingBytes / chunkBytes), 16), bytes: storedAt },
    { count: within(4, Math.floor(fetchingBytes / pairBytes), 64), bytes: pairBytes },
  ])
  const [reading, fetching] = pools
  if (reading === undefined || fetching === undefined) throw new Error('the slots came without their pools')
  const crew = createCrew(memory)
  return { crew, turns: createDiskTurns(), reading, fetching, storedAt, close: () => crew.close() }
}

const within = (least: number, value: number, most: number): number => Math.min(most, Math.max(least, value))
