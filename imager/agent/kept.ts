/** Kept paths around a reset: out of each system into the cache partition, and back when its partition is equal. */
import { join } from 'node:path'
import { isHalfWritten } from '../engine/half-written.ts'
import { restoreKeptPaths, saveKeptPaths, type WithMounted } from '../engine/kept-paths.ts'
import { type EngineFailure, failureOf } from '../engine/stop.ts'
import { cachePaths } from './cache-partition.ts'
import { run } from './command.ts'
import { type DiskRange, withRange } from './disk-range.ts'
import { meantPartitions, type Run } from './equal-run.ts'
import type { PlacedPartition } from './layout-plan.ts'
import { rangeOf } from './look.ts'
import { withMounted } from './mounted.ts'
import { done, type Failed, failed, type Result } from './result.ts'

/** Names of the systems whose file system was too broken to keep anything of. */
export async function saveKept(run: Run): Promise<Result<readonly string[]>> {
  const { order, folder } = run
  const { keep } = order.work
  const systems = meantPartitions(run).filter(isSystem)
  if (keep.length === 0 || systems.length === 0) return done([])
  if (folder === undefined) {
    // In memory, a power cut would lose what was to be kept.
    return order.state === undefined ? done([]) : failed('keep-does-not-fit', 'no cache partition')
  }
  const lost: string[] = []
  for (const system of systems) {
    const hasOwn = await hasOwnFiles(order.disk.device, system)
    if (!hasOwn.ok) return failure(hasOwn, run)
    const paths = hasOwn.value ? keep : []
    const parts = { folder: join(folder, cachePaths.kept), partition: system.name, paths }
    order.report.phase('keep', system.name)
    const saved = await saveKeptPaths(parts, repairing(order.disk.device, system))
    if (!saved.ok) return failure(saved, run)
    if (saved.lost) lost.push(system.name)
  }
  return done(lost)
}

export async function giveBackKept(run: Run): Promise<Result<void>> {
  const { order, folder } = run
  if (folder === undefined) return done(undefined)
  for (const system of meantPartitions(run).filter(isSystem)) {
    const parts = { folder: join(folder, cachePaths.kept), partition: system.name }
    const restored = await restoreKeptPaths(parts, plainly(order.disk.device, system))
    if (!restored.ok) return failure(restored, run)
  }
  return done(undefined)
}

/**
 * What is new at its place has nothing of ours. Nor has what is half-written: what it had was packed before that (the record tells), and a
 * check would only make it look whole again, from the copies of ext4's superblock.
 */
async function hasOwnFiles(
  device: string,
  { isNew, name, startBytes }: PlacedPartition,
): Promise<{ readonly ok: true; readonly value: boolean } | EngineFailure> {
  try {
    return { ok: true, value: !isNew && !(await isHalfWritten(device, startBytes)) }
  } catch (error) {
    const unreadable = failureOf(error, name)
    if (unreadable === undefined) throw error
    return unreadable
  }
}

const isSystem = ({ wanted, image }: PlacedPartition): boolean => (wanted.os ?? image?.os) !== undefined

const failure = ({ reason, detail }: EngineFailure, { order }: Run): Failed =>
  failed(reason === 'aborted' ? 'program-error' : reason, detail[order.job.locale])

const plainly =
  (device: string, partition: PlacedPartition): WithMounted =>
  async (use) => {
    const mounted = await withMounted(rangeOf(device, partition), kindOf(partition), async (folder) =>
      done(await use(folder)),
    )
    return mounted.ok ? mounted.value : undefined
  }

/** A pupil's PC is often switched off by its plug: what can be repaired is, before it is read for the last time. */
const repairing =
  (device: string, partition: PlacedPartition): WithMounted =>
  async (use) => {
    const range = rangeOf(device, partition)
    const usable = await withMounted(range, kindOf(partition), async () => done(undefined))
    if (!usable.ok) await repair(range, kindOf(partition))
    return plainly(device, partition)(use)
  }

const kindOf = ({ image }: PlacedPartition): 'ext4' | 'ntfs' =>
  image?.fileSystem.kind === 'ntfs' ? 'ntfs' : 'ext4'

/** Whether it helped shows when it is mounted. */
const repair = (range: DiskRange, kind: 'ext4' | 'ntfs'): Promise<Result<void>> =>
  withRange(range, async (device) => {
    await (kind === 'ext4' ? run('e2fsck', ['-f', '-y', device]) : run('ntfsfix', [device]))
    return done(undefined)
  })
