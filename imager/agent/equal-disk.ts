/**
 * Restore, upgrade and reset: the one order of steps that makes a disk equal to its image and this PC's own.
 *
 * The gate is closed first and opened last; whatever happens between, the next start comes back here and goes on from what is there.
 */
import { join } from 'node:path'
import { openFolderStore } from '../../imaging/folder-store.ts'
import type { Tally } from '../../imaging/protocol.ts'
import { openJournal } from '../engine/journal.ts'
import { type EqualResult, makeEqual } from '../engine/make-equal.ts'
import { cachePaths, cacheReserveBytes, closeGate, openGate, rememberJob } from './cache-partition.ts'
import { run as runProgram, said } from './command.ts'
import { withRange } from './disk-range.ts'
import { type EqualDone, type EqualOrder, type Run, targetsOf } from './equal-run.ts'
import { finishDisk } from './finish-disk.ts'
import { closeDiskGate, destroyBootPath } from './gate.ts'
import { keepImagerFiles } from './imager-files.ts'
import { saveKept } from './kept.ts'
import { makeLayout } from './layout.ts'
import { cacheLabel, type PlacedPartition, type PlannedTable, planLayout } from './layout-plan.ts'
import { rangeOf } from './look.ts'
import { withMounted } from './mounted.ts'
import { makeFileSystem } from './new-file-system.ts'
import { newFileSystem } from './partition-type.ts'
import { type FailedWork, failedWork, type Pc } from './pc.ts'
import { done, failed, type Result } from './result.ts'
import { equalToSeal } from './sealed-esp.ts'
import { keepManifest } from './wanted-manifest.ts'

export async function equalDisk(pc: Pc, order: EqualOrder): Promise<EqualDone | FailedWork> {
  const { work, table: disk } = order
  const plan = planLayout({
    disk,
    layout: work.layout,
    manifest: order.checked.manifest,
    mayRepartition: work.mayRepartition,
  })
  if (plan.kind === 'refused') return failedWork(failed(plan.reason, plan.detail))
  if (plan.kind === 'change') {
    order.report.phase('layout')
    const closed = await closeDiskGate(order.disk.device, disk)
    const made = closed.ok ? await makeLayout(order.disk.device, disk, plan.table, work.layout) : closed
    if (!made.ok) return failedWork(made)
  }
  const filled = await fillEmpty(order, plan.table)
  if (!filled.ok) return failedWork(filled)
  const cache = plan.table.partitions.find(({ wanted }) => wanted.content === 'cache')
  const run = { pc, order, table: plan.table, startable: plan.kind === 'right' && order.ready }
  if (cache === undefined) return runSteps(run)
  const ended = await withCache(order.disk.device, cache, async (folder) =>
    done(await runSteps({ ...run, folder })),
  )
  return ended.ok ? ended.value : failedWork(ended)
}

async function runSteps(run: Run): Promise<EqualDone | FailedWork> {
  const prepared = await prepare(run)
  if (!prepared.ok) return failedWork(prepared)
  const equal = await makeTargetsEqual(run)
  if (!equal.ok) return equal
  const finished = await finishDisk(run)
  if (!finished.ok) return failedWork(finished, equal.tally)
  const notes = [...prepared.value, ...finished.value.notes]
  return { ok: true, tally: equal.tally, ...finished.value, notes }
}

async function makeTargetsEqual(
  run: Run,
): Promise<{ readonly ok: true; readonly tally: Tally } | FailedWork> {
  const { order, folder } = run
  const parts = {
    source: order.source,
    manifest: order.checked.manifest,
    report: order.report.progress,
    signal: order.signal,
  }
  if (folder === undefined) return endOf(await makeEqual({ ...parts, targets: targetsOf(run) }), order)
  // The boot path is ours: GRUB's core is not the image's, and the ESP is right when it is as it was sealed.
  const sealed = await equalToSeal(run, folder)
  if (!sealed.ok) return failedWork(sealed)
  const own = run.table.partitions.filter(
    ({ wanted: { type } }) => type === 'bios' || (type === 'esp' && sealed.value !== undefined),
  )
  const equal = await makeEqual({
    ...parts,
    targets: targetsOf(run).filter(
      ({ offsetBytes }) => !own.some(({ startBytes }) => startBytes === offsetBytes),
    ),
    cache: openFolderStore(join(folder, cachePaths.store)),
    cacheReserveBytes,
    journal: openJournal(folder),
  })
  const ended = endOf(equal, order)
  return ended.ok && sealed.value !== undefined
    ? { ok: true, tally: addTallies(ended.tally, sealed.value) }
    : ended
}

const endOf = (equal: EqualResult, order: EqualOrder) => (equal.ok ? equal : engineFailure(equal, order))

const addTallies = (a: Tally, b: Tally): Tally => ({
  read: a.read + b.read,
  matched: a.matched + b.matched,
  fetched: a.fetched + b.fetched,
  fromCache: a.fromCache + b.fromCache,
  written: a.written + b.written,
  durationMs: a.durationMs + b.durationMs,
  perPartition: [...a.perPartition, ...b.perPartition],
})

const engineFailure = (
  { reason, detail, tally }: Extract<EqualResult, { ok: false }>,
  { job }: EqualOrder,
): FailedWork =>
  failedWork(failed(reason === 'aborted' ? 'program-error' : reason, detail[job.locale]), tally)

/** Closes the gate, and puts into the cache what a start without the network goes by, and what is to be kept. Returns notes. */
async function prepare(run: Run): Promise<Result<readonly string[]>> {
  const { order, table, folder } = run
  if (folder === undefined) {
    const kept = await saveKept(run)
    // A reset to the same image leaves an intact boot path alone: each system bears its own mark while it is half-written.
    const now = { ...order.table, partitions: table.partitions }
    if (kept.ok && order.how !== 'reset') await destroyBootPath(order.disk.device, now)
    return kept
  }
  const closed = await closeGate(folder)
  if (!closed.ok) return closed
  const resumable = await makeResumable(run, folder)
  if (!resumable.ok) {
    // No system has changed yet. Where this does not succeed, the gate stays closed, and the next start tries it all again.
    if (run.startable) await openGate(folder)
    return resumable
  }
  const kept = await saveKept(run)
  return kept.ok ? done(kept.value.map((name) => `${name}: ${order.work.keep.join(', ')}`)) : kept
}

/** The order, the image's description, and the imager: what starts while the gate is closed. It comes before the chunks take the room. */
async function makeResumable({ pc, order }: Run, folder: string): Promise<Result<void>> {
  const remembered = await rememberJob(folder, order.signed, order.job.fence)
  if (!remembered.ok) return remembered
  const manifest = await keepManifest(join(folder, cachePaths.store), order.checked)
  if (!manifest.ok) return manifest
  const imager = join(folder, cachePaths.imager)
  return keepImagerFiles(imager, order.work.imager, pc.options.server, order.signal)
}

/** `empty` partitions that stayed in place but bear nothing that is known: somebody destroyed what was in them. */
async function fillEmpty({ disk, work, table }: EqualOrder, planned: PlannedTable): Promise<Result<void>> {
  for (const partition of planned.partitions) {
    const before = table.partitions.find(({ startBytes }) => startBytes === partition.startBytes)
    const isWhole = partition.isNew || partition.wanted.content !== 'empty' || before?.content !== undefined
    const kind = newFileSystem(work.layout, partition.wanted)
    if (isWhole || kind === 'none') continue
    const made = await makeFileSystem(rangeOf(disk.device, partition), { kind, label: partition.name })
    if (!made.ok) return made
  }
  return done(undefined)
}

/** A moment's work, unless the kernel has met something broken in it. e2fsck(8): 0 clean, 1 errors corrected. */
async function checkCache(device: string): Promise<Result<void>> {
  const checked = await runProgram('e2fsck', ['-p', device])
  const { exitCode } = checked
  return exitCode === 0 || exitCode === 1
    ? done(undefined)
    : failed('file-system-broken', said('e2fsck', checked))
}

/** All that is in the cache can be fetched or drawn again: one that cannot be mounted is made anew. */
async function withCache<T>(
  device: string,
  cache: PlacedPartition,
  use: (folder: string) => Promise<Result<T>>,
): Promise<Result<T>> {
  const range = rangeOf(device, cache)
  // GRUB reads ext4 without its journal, so a gate that is closed only there is open to it: this one is closed and the file system given back.
  const sound = await withRange(range, checkCache)
  const usable = sound.ok ? await withMounted(range, 'ext4', closeGate) : sound
  if (!usable.ok) {
    const made = await makeFileSystem(range, { kind: 'ext4', label: cacheLabel })
    if (!made.ok) return made
  }
  return withMounted(range, 'ext4', use)
}
