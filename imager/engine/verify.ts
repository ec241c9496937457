/** Compares only: where do these partitions differ from this manifest? Nothing is written. */
import type { Difference, Tally } from '../../imaging/protocol.ts'
import { cacheThenNetwork, type LayeredSource } from './cache-then-network.ts'
import { type Counters, createCounters } from './counters.ts'
import { openDevice } from './device.ts'
import { fetchChunks } from './fetch-chunks.ts'
import { filesAt } from './files-at.ts'
import { type Machinery, startMachinery } from './machinery.ts'
import { type DescribedTarget, describeTargets, type EqualParts } from './make-equal.ts'
import { chunkBytesAt, nameChunk, type Region, readChunk } from './region.ts'
import { type EngineFailure, failureOf, Stop } from './stop.ts'
import { sweep } from './sweep.ts'
import { absurdSlowness, watchDevice } from './watched-device.ts'

export type VerifyParts = Omit<EqualParts, 'journal'> & {
  /** An existing folder for what a file system's tool needs beside. */
  readonly scratch: string
}

/** Only partitions that differ are listed. */
export type VerifyResult =
  | { readonly ok: true; readonly tally: Tally; readonly differences: readonly Difference[] }
  | (EngineFailure & { readonly tally: Tally; readonly partition?: string })

export type Run = { readonly fromByte: number; readonly bytes: number }

/** As file systems have it: a finer place names no file more. */
const grainBytes = 4096
/** Chunks that are compared byte by byte with the image's; of others it is known that they differ, and not where. */
const mostRefined = 256
/** What a report can carry and a person can read. */
const mostRuns = 1000

export const verifyPartitions = async (parts: VerifyParts): Promise<VerifyResult> => {
  const source = cacheThenNetwork(parts.cache, parts.source)
  const described = await describeTargets(parts.targets, parts.manifest.chunkBytes, source, parts.signal)
  if (!described.ok) return { ...described.failure, tally: createCounters(0, parts.report).tally() }
  const total = described.targets.reduce((sum, { map }) => sum + map.usedBytes, 0)
  const counters = createCounters(total, parts.report)
  const machinery = parts.machinery ?? startMachinery(parts.manifest.chunkBytes)
  const differences: Difference[] = []
  try {
    for (const target of described.targets) {
      const compared = await compareOne(parts, target, { source, machinery, counters })
      if ('reason' in compared) {
        return { ...compared, partition: target.partition.name, tally: counters.tally() }
      }
      if (compared.differing > 0) differences.push(compared)
    }
    return { ok: true, tally: counters.tally(), differences }
  } finally {
    if (parts.machinery === undefined) await machinery.close()
  }
}

type Means = {
  readonly source: LayeredSource
  readonly machinery: Machinery
  readonly counters: Counters
}

const compareOne = async (
  parts: VerifyParts,
  target: DescribedTarget,
  means: Means,
): Promise<Difference | EngineFailure> => {
  const { partition, map, list } = target
  const { counters, machinery } = means
  counters.phase('verify', partition.name)
  const count = { name: partition.name, chunks: list.length, differing: 0 }
  counters.perPartition.push(count)
  try {
    const opened = await (parts.openDevice ?? openDevice)(target.device, 'read')
    const device = watchDevice(opened, parts.slowness ?? absurdSlowness)
    try {
      const { chunkBytes } = parts.manifest
      const region = {
        device,
        offsetBytes: target.offsetBytes,
        sizeBytes: partition.sizeBytes,
        chunkBytes,
        map,
      }
      const differing: number[] = []
      const comparing = sweep(region, machinery, machinery.reading, parts.signal, async (chunk) => {
        counters.read += chunk.usedBytes
        counters.settle(chunk.usedBytes)
        if (chunk.name === list.name(chunk.index)) counters.matched += chunk.usedBytes
        else {
          count.differing += 1
          differing.push(chunk.index)
        }
      })
      await Promise.race([comparing, device.givenUp])
      const runs = await runsOf(
        region,
        target,
        differing.sort((a, b) => a - b),
        means,
        parts.signal,
      )
      const volume = { path: target.device, offsetBytes: target.offsetBytes, sizeBytes: partition.sizeBytes }
      const files =
        runs.length === 0 ? undefined : await filesAt(volume, partition.fileSystem.kind, runs, parts.scratch)
      return {
        partition: partition.name,
        chunks: count.chunks,
        differing: count.differing,
        runs: runs.slice(0, mostRuns),
        ...(files === undefined ? {} : { files }),
      }
    } finally {
      await device.close()
    }
  } catch (error) {
    const failure = failureOf(error, partition.name)
    if (failure === undefined) throw error
    return failure
  }
}

/** Where exactly, for as many chunks as is reasonable, and as far as the image's chunks can be had. */
const runsOf = async (
  region: Region,
  { list }: DescribedTarget,
  differing: readonly number[],
  { source, machinery, counters }: Means,
  signal: AbortSignal,
): Promise<readonly Run[]> => {
  const exact = new Map<number, readonly number[]>()
  const wanted = differing.slice(0, mostRefined).map((index) => ({ index, name: list.name(index) }))
  try {
    await fetchChunks({ region, source, machinery, counters }, wanted, signal, async (index, slot) => {
      const mine = await machinery.reading.take(signal)
      if (mine === undefined) return
      try {
        await machinery.turns.run('verify', () => readChunk(region, index, mine))
        await nameChunk(region, index, mine, machinery.crew)
        const bytes = chunkBytesAt(region, index)
        exact.set(
          index,
          await machinery.crew.differ({ at: slot.at, bytes }, { at: mine.at, bytes }, grainBytes),
        )
      } finally {
        machinery.reading.give(mine)
      }
    })
  } catch (error) {
    // That they differ is known without the image's chunks; a source that has none left makes it less exact.
    if (!(error instanceof Stop)) throw error
  }
  return joined(
    differing.flatMap((index) => {
      const from = index * region.chunkBytes
      const bounds = exact.get(index) ?? [0, chunkBytesAt(region, index)]
      return pairs(bounds).map(([begin, end]) => ({ fromByte: from + begin, bytes: end - begin }))
    }),
  )
}

const pairs = (bounds: readonly number[]): readonly (readonly [number, number])[] =>
  Array.from({ length: bounds.length / 2 }, (_, pair) => [bounds[pair * 2] ?? 0, bounds[pair * 2 + 1] ?? 0])

const joined = (runs: readonly Run[]): readonly Run[] => {
  const found: { fromByte: number; bytes: number }[] = []
  for (const { fromByte, bytes } of runs) {
    const last = found.at(-1)
    if (last !== undefined && last.fromByte + last.bytes === fromByte) last.bytes += bytes
    else found.push({ fromByte, bytes })
  }
  return found
}
