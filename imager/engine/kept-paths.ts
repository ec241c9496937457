/**
 * Paths of a system that survive a reset (`/home/partage`). Before its partition is written they are packed into the cache partition;
 * when it is equal again they are unpacked into it.
 *
 * ```
 * kept/<partition>.json   the record: durable before the first byte of the partition is written
 * kept/<partition>.tar    its archive, where there was something to keep
 * ```
 *
 * While a record is there, the partition may be half-written and is never packed again: the record's archive is the truth. It goes when
 * the archive has been unpacked and the file system synced.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, mkdir, open, readdir, readFile, realpath, statfs } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { isMissing, removeIfThere, syncFolder, writeAtomically } from '../../imaging/atomic-file.ts'
import { runProgram } from '../../imaging/program.ts'
import { integer, list, object, oneOf, optional, parseJson, text } from '../../imaging/shape.ts'
import { say } from '../../specs/text.ts'
import { type EngineFailure, Stop } from './stop.ts'

/** Where a file system is mounted, given for as long as `use` runs. Undefined: it cannot be mounted, there is none that is whole. */
export type WithMounted = <T>(use: (folder: string) => Promise<T>) => Promise<T | undefined>

export type KeptParts = {
  /** The cache partition's folder `kept`. */
  readonly folder: string
  /** The partition's name. */
  readonly partition: string
  /** Absolute in the system: `/home/partage`. Those that are not there are nothing to keep. */
  readonly paths: readonly string[]
}

export type Saved =
  /** `lost`: the file system could not be mounted; what it had cannot be kept. */
  { readonly ok: true; readonly kept: readonly string[]; readonly lost: boolean } | EngineFailure

export type Restored = { readonly ok: true; readonly restored: readonly string[] } | EngineFailure

type KeptRecord = {
  readonly format: 'proviseur-kept-1'
  readonly partition: string
  /** Relative to the root, as they are in the archive. */
  readonly paths: readonly string[]
  /** Of the archive; left out where there was nothing. */
  readonly archive?: { readonly bytes: number; readonly sha256: string }
  readonly lost: 'yes' | 'no'
}

const shape = object<KeptRecord>({
  format: oneOf('proviseur-kept-1'),
  partition: text(),
  paths: list(text(4096), { max: 10_000 }),
  archive: optional(object({ bytes: integer(), sha256: text() })),
  lost: oneOf('yes', 'no'),
})

/** What else the cache partition needs room for while a reset runs. */
const marginBytes = 32 * 2 ** 20

/** Everything that a file has: owners by number, modes, times, ACLs and other extended attributes, holes. */
const faithful = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls', '--sparse'] as const

/** Durable when it returns. `mounted`: the partition, read-only. Nothing of the partition is changed. */
export const saveKeptPaths = async (parts: KeptParts, mounted: WithMounted): Promise<Saved> => {
  const before = await readRecord(parts)
  // A run that was cut off: its archive is whole, the partition need not be.
  if (before !== undefined) return { ok: true, kept: before.paths, lost: before.lost === 'yes' }
  if (parts.paths.length === 0) return { ok: true, kept: [], lost: false }
  await mkdir(parts.folder, { recursive: true })
  await syncFolder(join(parts.folder, '..'))
  try {
    await removeIfThere(archiveFile(parts))
    const record = (await mounted((root) => pack(parts, root))) ?? unmountable(parts)
    await writeRecord(parts, record)
    return { ok: true, kept: record.paths, lost: record.lost === 'yes' }
  } catch (error) {
    await removeIfThere(archiveFile(parts))
    if (error instanceof Stop) return error.failure
    throw error
  }
}

/** `mounted`: the partition, equal to its image, for writing. When it returns, the paths are there durably and the archive is gone. */
export const restoreKeptPaths = async (
  parts: Omit<KeptParts, 'paths'>,
  mounted: WithMounted,
): Promise<Restored> => {
  const record = await readRecord(parts)
  if (record === undefined) return { ok: true, restored: [] }
  const { archive, paths } = record
  if (archive !== undefined) {
    try {
      await checkArchive(parts, archive)
      const done = await mounted(async (root) => {
        await unpack(parts, root, paths)
        return true
      })
      if (done === undefined) throw broken(parts.partition, 'mount')
    } catch (error) {
      if (error instanceof Stop) return error.failure
      throw error
    }
  }
  // The record first: without it the archive is nothing, the other way round it would be missed.
  await removeIfThere(recordFile(parts))
  await syncFolder(parts.folder)
  await removeIfThere(archiveFile(parts))
  return { ok: true, restored: paths }
}

const recordFile = ({ folder, partition }: Omit<KeptParts, 'paths'>): string =>
  join(folder, `${encodeURIComponent(partition)}.json`)
const archiveFile = ({ folder, partition }: Omit<KeptParts, 'paths'>): string =>
  join(folder, `${encodeURIComponent(partition)}.tar`)

const readRecord = async (parts: Omit<KeptParts, 'paths'>): Promise<KeptRecord | undefined> => {
  try {
    const what = { code: 'kept', ...say('The record of kept paths', 'La liste des chemins conservés') }
    const parsed = parseJson(await readFile(recordFile(parts)), shape, what)
    return parsed.ok && parsed.value.partition === parts.partition ? parsed.value : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

const writeRecord = async (parts: KeptParts, record: KeptRecord): Promise<void> => {
  const written = await writeAtomically(recordFile(parts), Buffer.from(`${JSON.stringify(record)}\n`))
  if (!written.ok) throw doesNotFit(parts, 0, 0)
  await syncFolder(parts.folder)
}

const unmountable = ({ partition }: KeptParts): KeptRecord => ({
  format: 'proviseur-kept-1',
  partition,
  paths: [],
  lost: 'yes',
})

const pack = async (parts: KeptParts, root: string): Promise<KeptRecord> => {
  const paths = await present(root, parts.paths)
  const record = { format: 'proviseur-kept-1', partition: parts.partition, paths, lost: 'no' } as const
  if (paths.length === 0) return record
  const needed = await sizeOf(root, paths)
  const { bavail, bsize } = await statfs(parts.folder)
  const room = bavail * bsize - marginBytes
  if (needed > room) throw doesNotFit(parts, needed, room)
  const file = archiveFile(parts)
  const ran = await runProgram('tar', [
    '--create',
    `--file=${file}`,
    `--directory=${root}`,
    '--one-file-system',
    ...faithful,
    '--',
    ...paths,
  ])
  if (!ran.ok) throw new Stop('program-error', ran.message)
  if (ran.value.exitCode !== 0) {
    if (/No space left/u.test(ran.value.stderr)) throw doesNotFit(parts, needed, room)
    throw broken(parts.partition, ran.value.stderr)
  }
  const handle = await open(file, 'r')
  try {
    await handle.sync()
    const { size } = await handle.stat()
    return { ...record, archive: { bytes: size, sha256: await digestOf(file) } }
  } finally {
    await handle.close()
  }
}

/** Relative to the root. A path that leads out of it, by `..` or by a symbolic link above it, is none of the system's. */
const present = async (root: string, paths: readonly string[]): Promise<readonly string[]> => {
  const top = await realpath(root)
  const found: string[] = []
  for (const path of paths) {
    const inside = posix.normalize(`/${path}`).replace(/^\/+|\/+$/gu, '')
    if (inside === '' || (await orMissing(lstat(join(top, inside)))) === undefined) continue
    const above = dirname(join(top, inside))
    if ((await orMissing(realpath(above))) === above) found.push(inside)
  }
  return found.filter((path) => !found.some((other) => other !== path && path.startsWith(`${other}/`)))
}

/** What tar adds to a file at most: its head, that of its attributes, and the rest of its last block. */
const headBytes = 4096

/** What the archive will take: blocks really held, and tar's part of each file. */
const sizeOf = async (root: string, paths: readonly string[]): Promise<number> => {
  const { dev } = await lstat(root)
  let total = 0
  const waiting = paths.map((path) => Buffer.from(join(root, path)))
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const found = await lstat(path)
    total += headBytes + found.blocks * 512
    if (!found.isDirectory() || found.dev !== dev) continue
    // As bytes: a name need not be UTF-8.
    for (const name of await readdir(path, { encoding: 'buffer' })) {
      waiting.push(Buffer.concat([path, Buffer.from('/'), name]))
    }
  }
  return total
}

const orMissing = async <T>(found: Promise<T>): Promise<T | undefined> => {
  try {
    return await found
  } catch (error) {
    if (isMissing(error) || (error instanceof Error && 'code' in error && error.code === 'ENOTDIR'))
      return undefined
    throw error
  }
}

const digestOf = async (file: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(file, { highWaterMark: 2 ** 20 })) hash.update(piece)
  return hash.digest('hex')
}

const checkArchive = async (
  parts: Omit<KeptParts, 'paths'>,
  { bytes, sha256 }: NonNullable<KeptRecord['archive']>,
): Promise<void> => {
  const file = archiveFile(parts)
  try {
    const handle = await open(file, 'r')
    const { size } = await handle.stat().finally(() => handle.close())
    if (size === bytes && (await digestOf(file)) === sha256) return
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  throw new Stop(
    'file-system-broken',
    say(
      `The archive of what is kept of ${parts.partition} is damaged (${file}).`,
      `L’archive de ce qui est conservé de ${parts.partition} est endommagée (${file}).`,
    ),
  )
}

/** What the image has at these places gives way: the kept paths are then exactly as they were. */
const unpack = async (
  parts: Omit<KeptParts, 'paths'>,
  root: string,
  paths: readonly string[],
): Promise<void> => {
  const removed = await runProgram('rm', [
    '-rf',
    '--one-file-system',
    '--',
    ...paths.map((path) => join(root, path)),
  ])
  if (!removed.ok) throw new Stop('program-error', removed.message)
  const ran = await runProgram('tar', [
    '--extract',
    `--file=${archiveFile(parts)}`,
    `--directory=${root}`,
    '--preserve-permissions',
    '--same-owner',
    ...faithful,
  ])
  if (!ran.ok) throw new Stop('program-error', ran.message)
  if (ran.value.exitCode !== 0) {
    if (/No space left/u.test(ran.value.stderr)) throw doesNotFit(parts, 0, 0)
    throw broken(parts.partition, ran.value.stderr)
  }
  const synced = await runProgram('sync', [])
  if (!synced.ok) throw new Stop('program-error', synced.message)
}

const broken = (partition: string, said: string): Stop =>
  new Stop(
    'file-system-broken',
    say(
      `The paths to be kept of ${partition} could not be read or written back: ${said.trim().slice(-400)}`,
      `Les chemins à conserver de ${partition} n’ont pas pu être lus ou réécrits\u00a0: ${said.trim().slice(-400)}`,
    ),
    { device: partition, partition },
  )

const doesNotFit = ({ partition }: Pick<KeptParts, 'partition'>, needed: number, room: number): Stop => {
  const mebibytes = (bytes: number): string => Math.max(0, Math.ceil(bytes / 2 ** 20)).toString()
  const sizes =
    needed === 0
      ? ['', '']
      : [
          ` (${mebibytes(needed)} MiB, room for ${mebibytes(room)} MiB)`,
          ` (${mebibytes(needed)}\u00a0Mio, place pour ${mebibytes(room)}\u00a0Mio)`,
        ]
  return new Stop(
    'keep-does-not-fit',
    say(
      `What is to be kept of ${partition} does not fit${sizes[0]}.`,
      `Ce qui est à conserver de ${partition} ne tient pas${sizes[1]}.`,
    ),
    { device: partition, partition },
  )
}
