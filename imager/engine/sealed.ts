/**
 * Boot partitions as they are once our boot loader is installed. An image brings its own loader; ours replaces it, and a reset must not
 * put the image's back only to replace it again. So what is right is read once, after the installation, and kept in the cache
 * partition: later runs make it equal to that seal, and touch nothing that is intact.
 */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing, syncFolder, writeAtomically } from '../../imaging/atomic-file.ts'
import {
  chunkListDigest,
  createChunkList,
  defaultChunkBytes,
  parseChunkList,
} from '../../imaging/chunk-list.ts'
import { type ChunkName, isChunkListDigest, isUsedMapDigest } from '../../imaging/digest.ts'
import type { ImageStore, Put } from '../../imaging/folder-store.ts'
import type { FileSystemKind, ManifestPartition } from '../../imaging/manifest.ts'
import { integer, matching, object, oneOf, parseJson, text } from '../../imaging/shape.ts'
import { folderSource } from '../../imaging/source.ts'
import { readUsedMap } from '../../imaging/used-blocks/file-system.ts'
import { encodeUsedMap, type UsedMap, usedMapDigest, wholeMap } from '../../imaging/used-map.ts'
import { say } from '../../specs/text.ts'
import { chunkFile, putUnsynced, startUnsynced, syncCache } from './cache-chunk.ts'
import { openDevice } from './device.ts'
import { startMachinery } from './machinery.ts'
import { type EqualParts, type EqualResult, makeEqual } from './make-equal.ts'
import { chunkBytesAt } from './region.ts'
import { type EngineFailure, failureOf, Stop } from './stop.ts'
import { sweep } from './sweep.ts'

export type SealedRange = {
  /** A word for it: the partition's name, `mbr`. */
  readonly name: string
  readonly device: string
  readonly offsetBytes: number
  readonly sizeBytes: number
}

export type SealParts = SealedRange & {
  /** The cache partition's store: it takes the chunks. */
  readonly store: ImageStore
  /** The cache partition's folder of seals. */
  readonly folder: string
  /** Of `vfat` only what is used counts; whatever cannot be read as that, and everything else, counts whole. */
  readonly fileSystem: FileSystemKind
  /** An existing folder for what a file system's tool needs beside. */
  readonly scratch: string
  readonly signal: AbortSignal
}

export type Sealed = { readonly ok: true } | EngineFailure

type Seal = {
  readonly format: 'proviseur-seal-1'
  readonly name: string
  readonly sizeBytes: number
  readonly list: string
  readonly map: string
}

const shape = object<Seal>({
  format: oneOf('proviseur-seal-1'),
  name: text(),
  sizeBytes: integer(),
  list: matching(/^[0-9a-f]{64}$/u, 'the digest of a chunk list'),
  map: matching(/^[0-9a-f]{64}$/u, 'the digest of a used map'),
})

const sealFile = (folder: string, name: string): string => join(folder, `${encodeURIComponent(name)}.json`)

/** Durable when it returns. */
export const seal = async (parts: SealParts): Promise<Sealed> => {
  const { name, sizeBytes, store, folder } = parts
  const machinery = startMachinery(defaultChunkBytes)
  try {
    const map = await mapOf(parts)
    const names = new Array<ChunkName | undefined>(Math.ceil(sizeBytes / defaultChunkBytes)).fill(undefined)
    await startUnsynced(store)
    const device = await openDevice(parts.device, 'read')
    try {
      const { offsetBytes } = parts
      const region = { device, offsetBytes, sizeBytes, chunkBytes: defaultChunkBytes, map }
      await sweep(region, machinery, machinery.fetching, parts.signal, async (chunk) => {
        names[chunk.index] = chunk.name
        if (chunk.name === undefined) return
        const at = chunk.slot.at + machinery.storedAt
        const packed = await machinery.crew.pack(
          { at: chunk.slot.at, bytes: chunkBytesAt(region, chunk.index) },
          { at, bytes: chunk.slot.bytes.length - machinery.storedAt },
        )
        const stored = chunk.slot.bytes.subarray(machinery.storedAt, machinery.storedAt + packed)
        if (!(await putUnsynced(store, chunk.name, stored, 0))) throw full(store.folder)
      })
    } finally {
      await device.close()
    }
    const list = createChunkList(names).bytes
    const mapBytes = encodeUsedMap(map)
    const record: Seal = {
      format: 'proviseur-seal-1',
      name,
      sizeBytes,
      list: chunkListDigest(list),
      map: usedMapDigest(mapBytes),
    }
    taken(await store.putList(chunkListDigest(list), list))
    taken(await store.putMap(usedMapDigest(mapBytes), mapBytes))
    await store.sync()
    await syncCache(store)
    await mkdir(folder, { recursive: true })
    const written = await writeAtomically(sealFile(folder, name), Buffer.from(`${JSON.stringify(record)}\n`))
    if (!written.ok) throw full(folder)
    await syncFolder(folder)
    return { ok: true }
  } catch (error) {
    const failure = failureOf(error, name)
    if (failure === undefined) throw error
    return failure
  } finally {
    await machinery.close()
  }
}

const full = (folder: string): Stop =>
  new Stop('store-full', say(`There is no room in ${folder}.`, `Il n’y a plus de place dans ${folder}.`))

const taken = (put: Put): void => {
  if (put.ok) return
  if (put.code === 'store-full') throw new Stop('store-full', put.message)
  throw new Error('a digest of ours was wrong')
}

const mapOf = async (parts: SealParts): Promise<UsedMap> => {
  const volume = { path: parts.device, offsetBytes: parts.offsetBytes, sizeBytes: parts.sizeBytes }
  const read = parts.fileSystem === 'vfat' ? await readUsedMap(volume, 'vfat', parts.scratch) : undefined
  return read?.ok === true ? read.value : wholeMap(parts.sizeBytes)
}

export type SealedEqualParts = Pick<EqualParts, 'report' | 'signal' | 'openDevice' | 'slowness'> & {
  readonly store: ImageStore
  readonly folder: string
  readonly ranges: readonly SealedRange[]
}

/**
 * Makes each range equal to its seal, without a network. `list-missing`: there is no seal of it, or it is damaged, or of another
 * size: the loader has to be installed anew, and sealed again.
 */
export const makeSealedEqual = async (parts: SealedEqualParts): Promise<EqualResult> => {
  const targets = []
  for (const range of parts.ranges) {
    const record = await readSeal(parts.folder, range.name)
    if (record === undefined || record.sizeBytes !== range.sizeBytes) return unsealed(range)
    targets.push({ ...range, partition: record, bootable: 'boot' as const })
  }
  return makeEqual({
    ...parts,
    targets,
    source: folderSource(parts.store),
    manifest: { chunkBytes: defaultChunkBytes },
  })
}

const unsealed = ({ name, device }: SealedRange): EqualResult => ({
  ok: false,
  reason: 'list-missing',
  detail: say(`There is no seal of ${name}.`, `Il n’y a pas de scellé pour ${name}.`),
  place: { device, partition: name },
  partition: name,
  tally: { read: 0, matched: 0, fetched: 0, fromCache: 0, written: 0, durationMs: 0, perPartition: [] },
})

const readSeal = async (folder: string, name: string): Promise<ManifestPartition | undefined> => {
  const bytes = await readFile(sealFile(folder, name)).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
  const parsed =
    bytes === undefined
      ? undefined
      : parseJson(bytes, shape, { code: 'seal', ...say('The seal', 'Le scellé') })
  if (parsed?.ok !== true) return undefined
  const { list, map, sizeBytes } = parsed.value
  if (parsed.value.name !== name || !isChunkListDigest(list) || !isUsedMapDigest(map)) return undefined
  return {
    name,
    number: 0,
    type: '',
    sizeBytes,
    fileSystem: { kind: 'raw' },
    list,
    map,
    usedBytes: 0,
    storedBytes: 0,
  }
}

/** What the seals need of the store: nothing may evict it. Paths in the store's folder. */
export const sealedFiles = async (
  store: ImageStore,
  folder: string,
  names: readonly string[],
): Promise<ReadonlySet<string>> => {
  const files = new Set<string>()
  for (const name of names) {
    const record = await readSeal(folder, name)
    const list = record && (await store.readList(record.list))
    if (record === undefined || list?.ok !== true) continue
    files.add(join(store.folder, 'lists', record.list)).add(join(store.folder, 'maps', record.map))
    const parsed = parseChunkList(list.value)
    for (let index = 0; parsed.ok && index < parsed.list.length; index += 1) {
      const chunk = parsed.list.name(index)
      if (chunk !== undefined) files.add(chunkFile(store, chunk))
    }
  }
  return files
}
