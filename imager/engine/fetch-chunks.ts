/** Chunks from the source into buffers, unpacked and checked: nothing else ever reaches a disk. */
import type { ChunkName } from '../../imaging/digest.ts'
import { say } from '../../specs/text.ts'
import type { LayeredItem, LayeredSource } from './cache-then-network.ts'
import type { Counters } from './counters.ts'
import type { Machinery } from './machinery.ts'
import { chunkBytesAt, type Region } from './region.ts'
import type { Slot } from './slots.ts'
import { Stop, sourceStop } from './stop.ts'
import { createTaskGroup, type TaskGroup } from './task-group.ts'

export type Wanted = {
  readonly index: number
  /** Undefined: every used byte is zero. */
  readonly name: ChunkName | undefined
}

export type Fetching = {
  readonly region: Region
  readonly source: LayeredSource
  readonly machinery: Machinery
  readonly counters: Pick<Counters, 'fetched' | 'fromCache'>
}

/**
 * Each wanted chunk goes to `take` in a slot that is lent until it has returned. A chunk that came damaged is asked for once more;
 * what the cache had damaged was not sent by anyone, and does not count. Returns early when the signal aborts.
 */
export const fetchChunks = async (
  fetching: Fetching,
  wanted: readonly Wanted[],
  signal: AbortSignal,
  take: (index: number, slot: Slot) => Promise<void>,
): Promise<void> => {
  const opening = createTaskGroup(signal)
  const indexes = byName(wanted)
  const damagedOnce = new Set<ChunkName>()
  for (const { index, name } of wanted)
    if (name === undefined) await takeZeros(fetching, opening, index, take)
  for (let names = [...indexes.keys()]; names.length > 0 && !opening.signal.aborted; ) {
    const again: ChunkName[] = []
    const unanswered = new Set(names)
    let broken: { readonly error: unknown } | undefined
    try {
      for await (const item of fetching.source.chunks(names, opening.signal)) {
        if ('name' in item) unanswered.delete(item.name)
        const slot = await fetching.machinery.fetching.take(opening.signal)
        if (slot === undefined) break
        opening.spawn(async () => {
          try {
            const { name, isRight } = await openItem(fetching, indexes, item, slot)
            if (isRight) for (const index of indexes.get(name) ?? []) await take(index, slot)
            else again.push(await secondChance(fetching, item, damagedOnce))
          } finally {
            fetching.machinery.fetching.give(slot)
          }
        })
      }
    } catch (error) {
      // A source that is called off throws; a failure of ours that called it off is told by the group.
      if (!opening.signal.aborted) broken = { error }
    }
    await opening.settle()
    if (broken !== undefined) throw broken.error
    if (unanswered.size > 0 && !signal.aborted) throw missing([...unanswered].join(', '))
    names = again
  }
  await opening.settle()
}

const byName = (wanted: readonly Wanted[]): ReadonlyMap<ChunkName, readonly number[]> => {
  const indexes = new Map<ChunkName, number[]>()
  for (const { index, name } of wanted) {
    if (name === undefined) continue
    const same = indexes.get(name)
    if (same === undefined) indexes.set(name, [index])
    else same.push(index)
  }
  return indexes
}

const takeZeros = async (
  { machinery, region }: Fetching,
  opening: TaskGroup,
  index: number,
  take: (index: number, slot: Slot) => Promise<void>,
): Promise<void> => {
  const slot = await machinery.fetching.take(opening.signal)
  if (slot === undefined) return
  opening.spawn(async () => {
    try {
      slot.bytes.fill(0, 0, chunkBytesAt(region, index))
      await take(index, slot)
    } finally {
      machinery.fetching.give(slot)
    }
  })
}

/** Unpacks into the slot's beginning. */
const openItem = async (
  { machinery, region, source, counters }: Fetching,
  indexes: ReadonlyMap<ChunkName, readonly number[]>,
  item: LayeredItem,
  slot: Slot,
): Promise<{ readonly name: ChunkName; readonly isRight: boolean }> => {
  if ('failure' in item) throw sourceStop('chunk', item.failure)
  const { name } = item
  if (!('compressed' in item)) {
    throw missing(name)
  }
  const { compressed, from } = item
  counters[from === 'network' ? 'fetched' : 'fromCache'] += compressed.length
  const index = indexes.get(name)?.[0]
  if (index === undefined || compressed.length > slot.bytes.length - machinery.storedAt) {
    return { name, isRight: false }
  }
  slot.bytes.set(compressed, machinery.storedAt)
  const isRight = await machinery.crew.open(
    name,
    { at: slot.at + machinery.storedAt, bytes: compressed.length },
    { at: slot.at, bytes: chunkBytesAt(region, index) },
  )
  if (isRight && from === 'network') await source.keep(name, compressed)
  return { name, isRight }
}

const missing = (name: string): Stop =>
  new Stop('chunk-missing', say(`Chunk ${name} is not there.`, `Le bloc ${name} est introuvable.`))

const secondChance = async (
  { source }: Fetching,
  item: LayeredItem,
  damagedOnce: Set<ChunkName>,
): Promise<ChunkName> => {
  if (!('compressed' in item)) throw new Error('only a chunk that came can be damaged')
  const { name, from } = item
  if (from === 'cache') await source.distrust(name)
  else if (damagedOnce.has(name)) {
    throw new Stop(
      'chunk-damaged',
      say(`Chunk ${name} came damaged twice.`, `Le bloc ${name} est arrivé endommagé par deux fois.`),
    )
  } else damagedOnce.add(name)
  return name
}
