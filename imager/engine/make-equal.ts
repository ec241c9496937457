/**
 * The one operation that restore, upgrade and reset are: make these partitions equal this manifest. It looks at what is there, and
 * changes only what differs; so it needs no memory of an earlier run, goes on after a power cut from what it finds, and on an equal
 * disk reads once and writes nothing.
 */
import { chunkCount, parseChunkList } from '../../imaging/chunk-list.ts'
import type { ImageStore } from '../../imaging/folder-store.ts'
import type { Manifest, ManifestPartition } from '../../imaging/manifest.ts'
import type { Tally } from '../../imaging/protocol.ts'
import type { ChunkSource } from '../../imaging/source.ts'
import { parseUsedMap } from '../../imaging/used-map.ts'
import { say } from '../../specs/text.ts'
import { cacheThenNetwork, type LayeredSource } from './cache-then-network.ts'
import { type Counters, createCounters, type EngineProgress } from './counters.ts'
import { type OpenDevice, openDevice } from './device.ts'
import type { Journal } from './journal.ts'
import { type Machinery, startMachinery } from './machinery.ts'
import { aborted, type EngineFailure, failureOf, Stop, sourceStop } from './stop.ts'
import { runTarget, type TargetRun } from './target-run.ts'
import { absurdSlowness, type Slowness, type WatchedDevice, watchDevice } from './watched-device.ts'

export type Target = {
  readonly partition: ManifestPartition
  /** A partition, or the disk that it lies on, or a file. */
  readonly device: string
  /** Where the partition begins on the device; 0 for a partition's own device. */
  readonly offsetBytes: number
  /** Room for it on the disk: at least what the manifest says. */
  readonly sizeBytes: number
  /** `system`: must never start half-written: its first chunk is destroyed before anything is written, and written last. */
  readonly bootable: 'system' | 'boot' | 'plain'
}

export type EqualParts = {
  /** Made equal one after another, in this order. */
  readonly targets: readonly Target[]
  readonly source: ChunkSource
  /** Asked before the source; what comes from the source goes into it, until it is full. */
  readonly cache?: ImageStore
  /** Room to be left in the cache's partition; none by default. */
  readonly cacheReserveBytes?: number
  readonly manifest: Pick<Manifest, 'chunkBytes'>
  report(progress: EngineProgress): void
  readonly signal: AbortSignal
  readonly journal?: Journal
  /** How devices are opened, and what is too slow: for tests and simulations. */
  readonly openDevice?: OpenDevice
  readonly slowness?: Slowness
  /** Workers and memory that the caller already has, for chunks of this size; else they are started for this call. */
  readonly machinery?: Machinery
}

/** `partition`: where it ended. The tally says what was done until then. */
export type EqualResult =
  | { readonly ok: true; readonly tally: Tally }
  | (EngineFailure & { readonly tally: Tally; readonly partition?: string })

export const makeEqual = async (parts: EqualParts): Promise<EqualResult> => {
  const source = cacheThenNetwork(parts.cache, parts.source, parts.cacheReserveBytes)
  const described = await describeTargets(parts.targets, parts.manifest.chunkBytes, source, parts.signal)
  if (!described.ok) return { ...described.failure, tally: createCounters(0, parts.report).tally() }
  const total = described.targets.reduce((sum, { map }) => sum + map.usedBytes, 0)
  const counters = createCounters(total, parts.report)
  const machinery = parts.machinery ?? startMachinery(parts.manifest.chunkBytes)
  try {
    for (const target of described.targets) {
      const failure = await equalOne(parts, target, source, machinery, counters)
      if (failure !== undefined) {
        return { ...failure, partition: target.partition.name, tally: counters.tally() }
      }
    }
    return { ok: true, tally: counters.tally() }
  } finally {
    if (parts.machinery === undefined) await machinery.close()
  }
}

export type DescribedTarget = Target & Pick<TargetRun, 'list'> & Pick<TargetRun['region'], 'map'>

/** Lists and maps of all targets, before anything is read or written. */
export const describeTargets = async (
  targets: readonly Target[],
  chunkBytes: number,
  source: Pick<ChunkSource, 'list' | 'map'>,
  signal: AbortSignal,
): Promise<
  | { readonly ok: true; readonly targets: readonly DescribedTarget[] }
  | { readonly ok: false; readonly failure: EngineFailure }
> => {
  const described: DescribedTarget[] = []
  try {
    for (const target of targets) described.push(await describe(target, chunkBytes, source, signal))
    return { ok: true, targets: described }
  } catch (error) {
    const failure = signal.aborted ? aborted().failure : failureOf(error)
    if (failure === undefined) throw error
    return { ok: false, failure }
  }
}

const describe = async (
  target: Target,
  chunkBytes: number,
  source: Pick<ChunkSource, 'list' | 'map'>,
  signal: AbortSignal,
): Promise<DescribedTarget> => {
  const { partition } = target
  if (target.sizeBytes < partition.sizeBytes) {
    throw new Stop(
      'disk-too-small',
      say(
        `Partition ${partition.name} has ${target.sizeBytes} bytes, its image needs ${partition.sizeBytes}.`,
        `La partition ${partition.name} compte ${target.sizeBytes} octets, son image en demande ${partition.sizeBytes}.`,
      ),
      { device: target.device, partition: partition.name },
    )
  }
  const list = await source.list(partition.list, signal)
  if (!list.ok) throw sourceStop('list', list)
  const map = await source.map(partition.map, signal)
  if (!map.ok) throw sourceStop('list', map)
  const parsedList = parseChunkList(list.value, chunkCount(partition.sizeBytes, chunkBytes))
  const parsedMap = parseUsedMap(map.value, partition.sizeBytes)
  if (parsedList.ok && parsedMap.ok) return { ...target, list: parsedList.list, map: parsedMap.map }
  throw new Stop(
    'list-damaged',
    say(
      `The table of contents of partition ${partition.name} does not fit its size.`,
      `La liste de contenu de la partition ${partition.name} ne correspond pas à sa taille.`,
    ),
    { device: target.device, partition: partition.name },
  )
}

const equalOne = async (
  parts: EqualParts,
  target: DescribedTarget,
  source: LayeredSource,
  machinery: Machinery,
  counters: Counters,
): Promise<EngineFailure | undefined> => {
  let device: WatchedDevice | undefined
  try {
    const opened = await (parts.openDevice ?? openDevice)(target.device, 'write')
    device = watchDevice(opened, parts.slowness ?? absurdSlowness)
    const running = runTarget({
      partition: target.partition,
      region: {
        device,
        offsetBytes: target.offsetBytes,
        sizeBytes: target.partition.sizeBytes,
        chunkBytes: parts.manifest.chunkBytes,
        map: target.map,
      },
      list: target.list,
      isSystem: target.bootable === 'system',
      source,
      machinery,
      counters,
      journal: parts.journal,
      signal: parts.signal,
    })
    // Tasks that wait for a request that the disk never answers do not end: what is known is told without them.
    await Promise.race([running, device.givenUp])
    return undefined
  } catch (error) {
    const failure = failureOf(error, target.partition.name)
    if (failure === undefined) throw error
    return failure
  } finally {
    await device?.close()
  }
}
