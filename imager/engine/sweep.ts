/** Reads every used chunk of a region once, in order, several at a time: what comparing, capturing, sealing and filling share. */
import type { ChunkName } from '../../imaging/digest.ts'
import type { Machinery } from './machinery.ts'
import { chunksOf, nameChunk, type Region, readChunk, usedBytesOf, usedOf } from './region.ts'
import type { Slot, SlotPool } from './slots.ts'
import { aborted } from './stop.ts'
import { createTaskGroup } from './task-group.ts'

export type SweptChunk = {
  readonly index: number
  /** Undefined: every used byte is zero. */
  readonly name: ChunkName | undefined
  readonly usedBytes: number
  /** The chunk, masked; lent until `each` has returned. */
  readonly slot: Slot
}

/** `only`: chunks that are left out are not read. Throws `Stop`, `DiskFault`, and whatever `each` throws. */
export const sweep = async (
  region: Region,
  machinery: Pick<Machinery, 'turns' | 'crew'>,
  pool: SlotPool,
  signal: AbortSignal,
  each: (chunk: SweptChunk) => Promise<void>,
  only: (index: number) => boolean = () => true,
): Promise<void> => {
  const group = createTaskGroup(signal)
  for (let index = 0; index < chunksOf(region); index += 1) {
    const usedBytes = usedBytesOf(usedOf(region, index))
    if (usedBytes === 0 || !only(index)) continue
    const slot = await pool.take(group.signal)
    if (slot === undefined) break
    group.spawn(async () => {
      try {
        await machinery.turns.run('compare', () => readChunk(region, index, slot))
        await each({ index, name: await nameChunk(region, index, slot, machinery.crew), usedBytes, slot })
      } finally {
        pool.give(slot)
      }
    })
  }
  await group.settle()
  if (signal.aborted) throw aborted()
}
