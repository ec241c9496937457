/**
 * The PC's own partition: the wanted image's chunks, the boot menu, and what the imager must know at its next start.
 *
 * ```
 * store/          the image, as every store
 * boot/           grub.cfg, grubenv, ready, imager/vmlinuz + initrd
 * identity/       machine-id and SSH host key of each system
 * sealed/         the boot partitions with our loader, as they must be
 * kept/           what survives a reset, while one runs
 * job.json, .sig  the last order that was carried out: what a reset without a network goes by
 * fence.json      the newest order's fence
 * state.json      what the disk was made equal to
 * ```
 */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { removeIfThere, syncFolder, writeAtomically } from '../../imaging/atomic-file.ts'
import type { DiskState } from '../../imaging/protocol.ts'
import { integer, object, parseJson } from '../../imaging/shape.ts'
import { encodeDiskState, parseDiskState } from '../../imaging/state.ts'
import type { Fence, SignedJob } from './job-check.ts'
import { done, failed, type Result } from './result.ts'

export type CacheRecord = {
  /** Whether a system may be started from this disk. */
  readonly ready: boolean
  readonly state?: DiskState
  readonly job?: SignedJob
  readonly fence?: Fence
}

export const cachePaths = {
  store: 'store',
  boot: 'boot',
  imager: 'boot/imager',
  ready: 'boot/ready',
  menu: 'boot/grub.cfg',
  environment: 'boot/grubenv',
  identity: 'identity',
  sealed: 'sealed',
  kept: 'kept',
  job: 'job.json',
  signature: 'job.sig',
  fence: 'fence.json',
  state: 'state.json',
} as const

/**
 * Chunks leave so much room for what comes and goes: kept paths, and another imager beside the one that is there (65 MB), without which an
 * order could not be carried out.
 */
export const cacheReserveBytes = 96 * 1024 * 1024

const fenceShape = object<Fence>({ epoch: integer(), generation: integer() })

/**
 * What cannot be read counts as not there. After a power cut that is usual in a file system whose journal was not played back, as it is
 * looked at first: names may be there whose inodes are not yet.
 */
export async function readCache(folder: string): Promise<CacheRecord> {
  const read = (name: string) => readFile(join(folder, name), 'utf8').catch(unreadable)
  const [state, job, signature, fence, ready] = await Promise.all(
    [cachePaths.state, cachePaths.job, cachePaths.signature, cachePaths.fence, cachePaths.ready].map(read),
  )
  const parsedState = state === undefined ? undefined : parseDiskState(state)
  const parsedFence =
    fence === undefined
      ? undefined
      : parseJson(fence, fenceShape, { code: 'fence', en: 'The fence', fr: 'La barrière' })
  return {
    ready: ready !== undefined,
    ...(parsedState?.ok === true ? { state: parsedState.value } : {}),
    ...(job === undefined || signature === undefined ? {} : { job: { job, signature: signature.trim() } }),
    ...(parsedFence?.ok === true ? { fence: parsedFence.value } : {}),
  }
}

const unreadable = (error: unknown): undefined => {
  if (!isOfTheSystem(error)) throw error
}

const isOfTheSystem = (error: unknown): error is Error => error instanceof Error && 'code' in error

/** From here on nothing but the imager starts from this disk, until `openGate`. `file-system-broken`: it may be open. */
export async function closeGate(folder: string): Promise<Result<void>> {
  try {
    if (await removeIfThere(join(folder, cachePaths.ready))) await syncFolder(join(folder, cachePaths.boot))
    return done(undefined)
  } catch (error) {
    if (!isOfTheSystem(error)) throw error
    return failed('file-system-broken', error.message)
  }
}

export const openGate = (folder: string): Promise<Result<void>> => put(folder, cachePaths.ready, '')

export async function rememberJob(folder: string, signed: SignedJob, fence: Fence): Promise<Result<void>> {
  // The signature first: an order beside another's signature is none, and the next start asks the site server.
  const parts = [
    [cachePaths.signature, `${signed.signature}\n`],
    [cachePaths.job, signed.job],
    [cachePaths.fence, JSON.stringify({ epoch: fence.epoch, generation: fence.generation })],
  ] as const
  for (const [name, text] of parts) {
    const written = await put(folder, name, text)
    if (!written.ok) return written
  }
  return done(undefined)
}

export const rememberState = (folder: string, state: DiskState): Promise<Result<void>> =>
  put(folder, cachePaths.state, encodeDiskState(state))

/** Whole or not at all, and on the disk when this returns. */
export async function put(
  folder: string,
  name: string,
  contents: string | Uint8Array,
): Promise<Result<void>> {
  const path = join(folder, name)
  const parent = join(path, '..')
  await mkdir(parent, { recursive: true })
  const written = await writeAtomically(path, Buffer.from(contents))
  if (!written.ok) return failed('store-full', name)
  await syncFolder(parent)
  return done(undefined)
}
