/**
 * The EFI system partition with our loader on it. Once it was made, it is kept equal to its seal instead of to the image, so that an
 * intact loader is never touched; another image, or another version of the loader, makes a new one.
 */
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFolderStore } from '../../imaging/folder-store.ts'
import type { Tally } from '../../imaging/protocol.ts'
import { makeSealedEqual, seal } from '../engine/sealed.ts'
import { cachePaths, put } from './cache-partition.ts'
import type { Run } from './equal-run.ts'
import { espFiles } from './esp.ts'
import { textOf } from './hardware.ts'
import type { PlacedPartition } from './layout-plan.ts'
import { rangeOf } from './look.ts'
import { done, failed, type Result } from './result.ts'

const keyName = 'made-for'

export const espOf = ({ table }: Pick<Run, 'table'>): PlacedPartition | undefined =>
  table.partitions.find(({ wanted }) => wanted.type === 'esp')

/**
 * Makes the ESP equal to its seal. Undefined: there is no seal for this image and loader, or it is damaged; the ESP is then made from the
 * image, and sealed again.
 */
export async function equalToSeal(run: Run, folder: string): Promise<Result<Tally | undefined>> {
  const esp = espOf(run)
  if (esp === undefined) return done(undefined)
  if ((await textOf(join(folder, cachePaths.sealed, keyName))) !== (await sealKey(run, esp)))
    return done(undefined)
  const equal = await makeSealedEqual({
    store: openFolderStore(join(folder, cachePaths.store)),
    folder: join(folder, cachePaths.sealed),
    ranges: [{ name: esp.name, ...rangeOf(run.order.disk.device, esp) }],
    report: run.order.report.progress,
    signal: run.order.signal,
  })
  if (equal.ok) return done(equal.tally)
  const isDisk = ['disk-unreadable', 'disk-unwritable', 'disk-slow', 'verification-failed'].includes(
    equal.reason,
  )
  if (isDisk && equal.reason !== 'aborted') return failed(equal.reason, equal.detail[run.order.job.locale])
  return done(undefined)
}

/** Without room for it in the cache there is no seal, and each reset makes the ESP anew. */
export async function sealEsp(run: Run, folder: string): Promise<Result<void>> {
  const esp = espOf(run)
  if (esp === undefined) return done(undefined)
  const sealed = await seal({
    name: esp.name,
    ...rangeOf(run.order.disk.device, esp),
    store: openFolderStore(join(folder, cachePaths.store)),
    folder: join(folder, cachePaths.sealed),
    fileSystem: 'vfat',
    scratch: tmpdir(),
    signal: run.order.signal,
  })
  if (sealed.ok) return put(folder, `${cachePaths.sealed}/${keyName}`, await sealKey(run, esp))
  return sealed.reason === 'store-full' || sealed.reason === 'aborted'
    ? done(undefined)
    : failed(sealed.reason, sealed.detail[run.order.job.locale])
}

/** All that decides what is on it. */
async function sealKey({ pc, order }: Run, esp: PlacedPartition): Promise<string> {
  const hash = createHash('sha256').update(`${order.checked.digest} ${esp.startBytes} ${esp.sizeBytes}`)
  for (const [path, bytes] of await espFiles(pc.bootFiles)) hash.update(path).update(bytes)
  return hash.digest('hex')
}
