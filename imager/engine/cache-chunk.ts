/** One chunk in the cache partition's store. */
import { randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, stat, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isFull, isMissing, removeIfThere, syncFolder, writeAtomically } from '../../imaging/atomic-file.ts'
import type { ChunkName } from '../../imaging/digest.ts'
import type { ImageStore } from '../../imaging/folder-store.ts'
import { runProgram } from '../../imaging/program.ts'
import { chunkPath } from '../../imaging/store-paths.ts'

export const chunkFile = (cache: ImageStore, name: ChunkName): string => join(cache.folder, chunkPath(name))

/**
 * Stores a chunk without waiting for the disk: a flush for each of ten thousand chunks costs a rotating disk minutes. After a power
 * cut a file may be empty or torn; every reader checks it, and only a sync makes a cache complete (fill-cache.ts).
 * False: the partition is full, but for `reserveBytes`, which others need.
 */
export const putUnsynced = async (
  cache: ImageStore,
  name: ChunkName,
  compressed: Uint8Array,
  reserveBytes: number,
): Promise<boolean> => {
  const file = chunkFile(cache, name)
  if (await isThere(file)) return true
  if (reserveBytes > 0 && (await freeBytes(cache)) - compressed.length < reserveBytes) return false
  const temporary = join(dirname(file), `.new-${randomUUID()}`)
  try {
    try {
      await writeFile(temporary, compressed)
    } catch (error) {
      if (!isMissing(error)) throw error
      await mkdir(dirname(file), { recursive: true })
      await writeFile(temporary, compressed)
    }
    await rename(temporary, file)
    return true
  } catch (error) {
    if (!isFull(error)) throw error
    await removeIfThere(temporary)
    return false
  }
}

const freeBytes = async (cache: ImageStore): Promise<number> => {
  const { bavail, bsize } = await statfs(cache.folder)
  return bavail * bsize
}

const isThere = async (file: string): Promise<boolean> => {
  try {
    return (await stat(file)).size > 0
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/**
 * Before the first unsynced chunk: notes, durably, in which start of the machine chunks are being stored. Found by a later start, the
 * note says that the power went before they were synced, and that some may be torn.
 */
export const startUnsynced = async (cache: ImageStore): Promise<void> => {
  if ((await unsyncedSince(cache)) !== undefined) return
  await mkdir(cache.folder, { recursive: true })
  // A full partition takes no chunk either.
  const written = await writeAtomically(noteFile(cache), Buffer.from(`${await bootId()}\n`))
  if (written.ok) await syncFolder(cache.folder)
}

/** Whether chunks may be there that a power cut tore. */
export const mayBeTorn = async (cache: ImageStore): Promise<boolean> => {
  const since = await unsyncedSince(cache)
  return since !== undefined && since !== (await bootId())
}

/** Makes all chunks durable. Those of an earlier start must have been checked. */
export const syncCache = async (cache: ImageStore): Promise<void> => {
  const ran = await runProgram('sync', [])
  if (!ran.ok || ran.value.exitCode !== 0) throw new Error('sync failed')
  if (!(await mayBeTorn(cache)) && (await removeIfThere(noteFile(cache)))) await syncFolder(cache.folder)
}

/** After every chunk was checked: none is torn any more. */
export const forgetTorn = async (cache: ImageStore): Promise<void> => {
  if (await removeIfThere(noteFile(cache))) await syncFolder(cache.folder)
}

const noteFile = (cache: ImageStore): string => join(cache.folder, 'unsynced')

const unsyncedSince = async (cache: ImageStore): Promise<string | undefined> => {
  try {
    return (await readFile(noteFile(cache), 'utf8')).trim()
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Another at each start of the kernel. */
const bootId = async (): Promise<string> => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
