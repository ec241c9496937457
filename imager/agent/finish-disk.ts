/** What comes after the data: room, identity, boot path, records, and at the very end the open gate. */
import { join } from 'node:path'
import { openFolderStore } from '../../imaging/folder-store.ts'
import type { DiskState } from '../../imaging/protocol.ts'
import { cacheHolds, fillCache } from '../engine/fill-cache.ts'
import { sealedFiles } from '../engine/sealed.ts'
import { installBootLoader, installMenu } from './boot-loader.ts'
import { cachePaths, cacheReserveBytes, openGate, rememberState } from './cache-partition.ts'
import { type EqualDone, meantPartitions, type Run, targetsOf } from './equal-run.ts'
import { writeImageBoot } from './image-boot.ts'
import { giveBackKept } from './kept.ts'
import { done, type Result } from './result.ts'
import { espOf, sealEsp } from './sealed-esp.ts'
import { growPartition, hasSystem, identify, isToGrow, type SystemKey } from './system-identity.ts'

export async function finishDisk(run: Run): Promise<Result<Pick<EqualDone, 'state' | 'hostKeys' | 'notes'>>> {
  const { order, folder } = run
  const state = stateOf(run)
  const hostKeys = await makeSystemsOwn(run, state)
  if (!hostKeys.ok) return hostKeys
  order.report.phase('boot')
  const notes = folder === undefined ? await restoreImageBoot(run) : await installOwnBoot(run, folder)
  if (!notes.ok) return notes
  if (folder !== undefined) {
    const remembered = await rememberState(folder, state)
    const opened = remembered.ok ? await openGate(folder) : remembered
    if (!opened.ok) return opened
    // From here on the PC can be started. A copy that is not whole costs no reset more than the network.
    const short = await fillLocalCopy(run, folder)
    return done({ state, hostKeys: hostKeys.value, notes: [...notes.value, ...short] })
  }
  return done({ state, hostKeys: hostKeys.value, notes: notes.value })
}

const stateOf = ({ pc, order }: Run): DiskState => ({
  format: 'proviseur-disk-1',
  manifest: order.checked.digest,
  image: order.work.image,
  layout: order.work.layoutDigest,
  settings: order.work.settingsDigest,
  job: order.job.id,
  at: pc.now(),
  how: order.how,
})

async function makeSystemsOwn(run: Run, state: DiskState): Promise<Result<readonly SystemKey[]>> {
  const { order, folder } = run
  const hostKeys: SystemKey[] = []
  for (const partition of meantPartitions(run).filter(isToGrow)) {
    order.report.phase('grow', partition.name)
    const grown = await growPartition(order.disk.device, partition)
    if (!grown.ok) return grown
  }
  const restored = await giveBackKept(run)
  if (!restored.ok) return restored
  for (const partition of meantPartitions(run).filter(hasSystem)) {
    order.report.phase('identity', partition.name)
    const key = await identify(order.disk.device, partition, order.work.identity, state, folder)
    if (!key.ok) return key
    if (key.value !== undefined) hostKeys.push(key.value)
  }
  return done(hostKeys)
}

async function restoreImageBoot({ order, table }: Run): Promise<Result<readonly string[]>> {
  const first = Math.min(...table.partitions.map(({ startBytes }) => startBytes))
  const { device } = order.disk
  const written = await writeImageBoot(device, order.checked.manifest, first, order.source, order.signal)
  return written.ok ? done([]) : written
}

/** Loader and menu. The imager that the menu starts is there since the beginning. */
async function installOwnBoot(run: Run, folder: string): Promise<Result<readonly string[]>> {
  const { pc, order, table } = run
  const { work, job } = order
  const menu = await installMenu(folder, {
    layout: work.layout,
    manifest: order.checked.manifest,
    boot: work.boot,
    atBoot: work.resetPolicy === 'at-boot',
    locale: job.locale,
    imagerArguments: pc.options.lasting,
    asciiOnly: pc.hardware.firmware === 'bios',
    ...(pc.options.serial === undefined ? {} : { serial: pc.options.serial }),
  })
  if (!menu.ok) return menu
  const installed = await installBootLoader({
    device: order.disk.device,
    table,
    firmware: pc.hardware.firmware,
    files: pc.bootFiles,
    mayWriteFirmware: pc.mayWriteFirmware,
  })
  if (!installed.ok) return installed
  const sealed = await sealEsp(run, folder)
  if (!sealed.ok) return sealed
  const { note } = installed.value
  return done(note === undefined ? [] : [note])
}

/** What it did not take, for the screen. */
async function fillLocalCopy(run: Run, folder: string): Promise<readonly string[]> {
  const { order } = run
  const cache = openFolderStore(join(folder, cachePaths.store))
  if (await cacheHolds(cache, order.checked.digest)) return []
  order.report.phase('cache')
  const esp = espOf(run)
  const filled = await fillCache({
    cache,
    manifest: order.checked.manifest,
    digest: order.checked.digest,
    network: order.source,
    onDisk: targetsOf(run),
    keep: [],
    sealed: await sealedFiles(cache, join(folder, cachePaths.sealed), esp === undefined ? [] : [esp.name]),
    reserveBytes: cacheReserveBytes,
    report: order.report.progress,
    signal: order.signal,
  })
  return filled.ok ? [] : [filled.detail[order.job.locale]]
}
