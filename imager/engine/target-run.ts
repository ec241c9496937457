/**
 * One partition is made equal to its chunk list. Four things happen at once, each with a bounded number of buffers: chunks are read
 * and hashed; those that differ are fetched, unpacked and written; what was written is read back in batches; and what is verified is
 * noted. Disk turns keep them from tearing a rotating disk's head to and fro.
 */
import type { ChunkList } from '../../imaging/chunk-list.ts'
import type { ChunkName } from '../../imaging/digest.ts'
import type { ManifestPartition } from '../../imaging/manifest.ts'
import { say } from '../../specs/text.ts'
import type { LayeredSource } from './cache-then-network.ts'
import type { Counters, PartitionCount } from './counters.ts'
import { fetchChunks } from './fetch-chunks.ts'
import {
  canBeDestroyed,
  destroyFirstChunk,
  headBytes,
  type Marked,
  newMark,
  readMark,
} from './half-written.ts'
import { createVerifiedChunks, type Journal, type JournalEntry, type VerifiedChunks } from './journal.ts'
import type { Machinery } from './machinery.ts'
import { chunksOf, nameChunk, type Region, readChunk, usedBytesOf, usedOf, writeChunk } from './region.ts'
import type { Slot } from './slots.ts'
import { aborted, Stop } from './stop.ts'
import { type Bell, createBell, createTaskGroup, type TaskGroup } from './task-group.ts'

export type TargetRun = {
  readonly partition: ManifestPartition
  readonly region: Region
  readonly list: ChunkList
  /** Its first chunk is destroyed first and written last. */
  readonly isSystem: boolean
  readonly source: LayeredSource
  readonly machinery: Machinery
  readonly counters: Counters
  readonly journal: Journal | undefined
  readonly signal: AbortSignal
}

/** After so many chunks in a row that differ, the rest is taken to differ too, but for a sample: a blank disk is not read first. */
const blankAfter = 64
const sampleEvery = 8
/** Positions that wait to be fetched; the comparison waits when there are more. */
const mostWaiting = 4096
/** Chunks asked for at once, and how many such requests: while one's answer ends, the next's begins. */
const fetchAtOnce = 32
const fetchers = 2
/** Chunks written before they are read back: in one flush, and in one sweep of the disk's head. */
const verifyAtOnce = 64
/** A chunk that reads back wrong is written once more. */
const mostAttempts = 2

/** Throws `Stop` or `DiskFault`. When it returns, every used byte is right and durable. */
export const runTarget = async (run: TargetRun): Promise<void> => {
  const state = await beginning(run)
  const group = createTaskGroup(run.signal)
  group.spawn(() => compareAll(state, group))
  for (let started = 0; started < fetchers; started += 1) group.spawn(() => fetchAndWrite(state, group))
  group.spawn(() => readBack(state, group))
  await group.settle()
  if (run.signal.aborted) throw aborted()
  if (state.isGuarded && (state.firstDiffers || state.mark !== undefined)) await writeFirst(state)
  await run.journal?.clear(run.partition.name)
}

type State = TargetRun & {
  readonly isGuarded: boolean
  readonly count: PartitionCount
  readonly bell: Bell
  readonly verified: VerifiedChunks
  /** Differ, and wait to be fetched. */
  readonly differing: number[]
  /** Written, not yet read back. */
  readonly written: number[]
  readonly attempts: Map<number, number>
  /** Found to differ and not yet in `written`. */
  underway: number
  /** Found to differ and not yet verified. */
  unsettled: number
  isCompared: boolean
  firstDiffers: boolean
  /** In the destroyed first chunk; undefined: nothing was written yet. */
  mark: string | undefined
  /** Nothing but the mark is left in it. */
  isDestroyed: boolean
  marking: Promise<void> | undefined
  journal: Journal | undefined
  journaledAt: number
}

const beginning = async (run: TargetRun): Promise<State> => {
  const count: PartitionCount = { name: run.partition.name, chunks: chunksOf(run.region), differing: 0 }
  run.counters.perPartition.push(count)
  run.counters.phase('compare', run.partition.name)
  const isGuarded = run.isSystem && canBeDestroyed(run.region)
  const resumed = isGuarded ? await resumedFrom(run) : undefined
  return {
    ...run,
    isGuarded,
    count,
    bell: createBell(),
    verified: createVerifiedChunks(count.chunks, resumed?.verified),
    differing: [],
    written: [],
    attempts: new Map(),
    underway: 0,
    unsettled: 0,
    isCompared: false,
    firstDiffers: false,
    mark: resumed?.mark,
    isDestroyed: resumed?.isDestroyed === true,
    marking: undefined,
    journaledAt: performance.now(),
  }
}

/** What an interrupted run left: its mark on the disk, and what it had verified if the journal is of the same run. */
const resumedFrom = async (
  run: TargetRun,
): Promise<(Marked & { readonly verified: readonly number[] }) | undefined> => {
  const found = await withSlot(run, (slot) => readMark(run.region, slot))
  if (found === undefined) return undefined
  const entry = await run.journal?.load(run.partition, run.region.offsetBytes)
  return { ...found, verified: entry?.mark === found.mark ? entry.verified : [] }
}

const withSlot = async <T>(run: TargetRun, use: (slot: Slot) => Promise<T>): Promise<T> => {
  const slot = await run.machinery.reading.take(run.signal)
  if (slot === undefined) throw aborted()
  try {
    return await use(slot)
  } finally {
    run.machinery.reading.give(slot)
  }
}

const compareAll = async (state: State, group: TaskGroup): Promise<void> => {
  const { region, verified, bell } = state
  const comparing = createTaskGroup(group.signal)
  const { signal } = comparing
  let differInARow = 0
  for (let index = 0; index < state.count.chunks && !signal.aborted; index += 1) {
    const usedBytes = usedBytesOf(usedOf(region, index))
    if (usedBytes === 0) continue
    if (verified.has(index) && index > 0) {
      right(state, index, usedBytes)
      continue
    }
    if (!(await bell.until(() => state.differing.length < mostWaiting, signal))) break
    if (differInARow >= blankAfter && index % sampleEvery !== 0) {
      differs(state, index)
      continue
    }
    const slot = await state.machinery.reading.take(signal)
    if (slot === undefined) break
    comparing.spawn(async () => {
      try {
        await state.machinery.turns.run('compare', () => readChunk(region, index, slot))
        state.counters.read += usedBytes
        const name = await nameChunk(region, index, slot, state.machinery.crew)
        const isRight = name === state.list.name(index)
        differInARow = isRight ? 0 : differInARow + 1
        if (isRight) right(state, index, usedBytes)
        else differs(state, index)
      } finally {
        state.machinery.reading.give(slot)
      }
    })
  }
  await comparing.settle()
  state.isCompared = true
  bell.ring()
}

const right = (state: State, index: number, usedBytes: number): void => {
  state.verified.add(index)
  state.counters.matched += usedBytes
  state.counters.settle(usedBytes)
}

const differs = (state: State, index: number): void => {
  state.count.differing += 1
  if (index === 0 && state.isGuarded) {
    state.firstDiffers = true
    return
  }
  state.underway += 1
  state.unsettled += 1
  state.differing.push(index)
  state.bell.ring()
}

/** Once, before the first byte is written. */
const destroyFirst = (state: State): Promise<void> => {
  state.marking ??= (async () => {
    if (!state.isGuarded || state.isDestroyed) return
    const mark = state.mark ?? newMark()
    if (state.mark === undefined) await state.journal?.clear(state.partition.name)
    await withSlot(state, async (slot) => {
      const bytes = await state.machinery.turns.run('write', () =>
        destroyFirstChunk(state.region, mark, slot),
      )
      state.counters.written += bytes
    })
    state.mark = mark
    state.isDestroyed = true
  })()
  return state.marking
}

const fetchAndWrite = async (state: State, group: TaskGroup): Promise<void> => {
  const { bell, differing, list } = state
  const isOver = (): boolean => state.isCompared && state.unsettled === 0
  while (await bell.until(() => differing.length > 0 || isOver(), group.signal)) {
    if (differing.length === 0) return
    const indexes = differing.splice(0, fetchAtOnce)
    bell.ring()
    await destroyFirst(state)
    state.counters.phase('write', state.partition.name)
    await fetchChunks(
      state,
      indexes.map((index) => ({ index, name: list.name(index) })),
      group.signal,
      (index, slot) => write(state, index, slot),
    )
  }
}

const write = async (state: State, index: number, slot: Slot): Promise<void> => {
  const bytes = await state.machinery.turns.run('write', () => writeChunk(state.region, index, slot))
  // Not in one expression with the `await`: the others count meanwhile.
  state.counters.written += bytes
  state.written.push(index)
  state.underway -= 1
  state.bell.ring()
}

const readBack = async (state: State, group: TaskGroup): Promise<void> => {
  const { bell, written } = state
  const isDue = (): boolean =>
    written.length >= verifyAtOnce || (written.length > 0 && state.underway === 0 && state.isCompared)
  const isOver = (): boolean => state.isCompared && state.unsettled === 0
  while (await bell.until(() => isDue() || isOver(), group.signal)) {
    if (isOver()) return
    const indexes = written.splice(0).sort((a, b) => a - b)
    await state.region.device.sync()
    const reading = createTaskGroup(group.signal)
    for (const index of indexes) {
      const slot = await state.machinery.reading.take(reading.signal)
      if (slot === undefined) break
      reading.spawn(async () => {
        try {
          await state.machinery.turns.run('verify', () => readChunk(state.region, index, slot))
          settle(state, index, await nameChunk(state.region, index, slot, state.machinery.crew))
        } finally {
          state.machinery.reading.give(slot)
        }
      })
    }
    await reading.settle()
    await note(state)
  }
}

const settle = (state: State, index: number, found: ChunkName | undefined): void => {
  if (found !== state.list.name(index)) {
    const attempts = (state.attempts.get(index) ?? 1) + 1
    if (attempts > mostAttempts) throw wrote(state, index)
    state.attempts.set(index, attempts)
    state.underway += 1
    state.differing.push(index)
    state.bell.ring()
    return
  }
  state.verified.add(index)
  state.unsettled -= 1
  state.counters.settle(usedBytesOf(usedOf(state.region, index)))
  state.bell.ring()
}

const wrote = (state: State, index: number): Stop => {
  const byte = index * state.region.chunkBytes
  const { device } = state.region
  const { name } = state.partition
  return new Stop(
    'verification-failed',
    say(
      `Partition ${name}, from byte ${byte}: the disk gives back other bytes than were written, twice.`,
      `Partition ${name}, à partir de l’octet ${byte}\u00a0: le disque rend d’autres octets que ceux écrits, par deux fois.`,
    ),
    { device: device.path, partition: name, byte: state.region.offsetBytes + byte },
  )
}

/** Only what the disk's mark vouches for can be believed later. */
const note = async (state: State): Promise<void> => {
  if (state.journal === undefined || state.mark === undefined) return
  if (performance.now() - state.journaledAt < state.journal.everyMs) return
  const entry: JournalEntry = {
    format: 'proviseur-journal-1',
    partition: state.partition.name,
    list: state.partition.list,
    map: state.partition.map,
    offsetBytes: state.region.offsetBytes,
    sizeBytes: state.partition.sizeBytes,
    mark: state.mark,
    verified: state.verified.runs(),
  }
  if (!(await state.journal.save(entry))) state.journal = undefined
  state.journaledAt = performance.now()
}

/** All else is right and durable. The head comes by itself, so that at no instant a part of the first chunk passes for the whole. */
const writeFirst = async (state: State): Promise<void> => {
  const { region, list, counters } = state
  await destroyFirst(state)
  const first = [{ index: 0, name: list.name(0) }]
  for (let attempts = 1; attempts <= mostAttempts; attempts += 1) {
    await fetchChunks(state, first, state.signal, async (index, slot) => {
      const rest = await writeChunk(region, index, slot, headBytes)
      await region.device.sync()
      const head = await writeChunk(region, index, slot, 0, headBytes)
      await region.device.sync()
      counters.written += rest + head
    })
    if (state.signal.aborted) throw aborted()
    const found = await withSlot(state, async (slot) => {
      await readChunk(region, 0, slot)
      return nameChunk(region, 0, slot, state.machinery.crew)
    })
    if (found === list.name(0)) {
      counters.settle(usedBytesOf(usedOf(region, 0)))
      return
    }
    await withSlot(state, (slot) => destroyFirstChunk(region, state.mark ?? newMark(), slot))
  }
  throw wrote(state, 0)
}
