/**
 * A store of images in a plain folder, which any static web server could serve:
 *
 * ```
 * chunks/ab/<64 hex>.zst   lists/<digest>   maps/<digest>   manifests/<digest>.json, .sig   names/<name>@<version>
 * ```
 *
 * Several processes may write at once: every file is made whole under a name of its own, then renamed, and equal names have equal
 * contents. The pointers alone change; the last one wins.
 */
import { mkdir, readdir, readFile, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  isFull,
  isMissing,
  isTemporary,
  removeIfThere,
  type StoreFull,
  storeFull,
  syncFolder,
  writeAtomically,
} from './atomic-file.ts'
import {
  type ChunkListDigest,
  type ChunkName,
  isManifestDigest,
  type ManifestDigest,
  sha256,
  type UsedMapDigest,
} from './digest.ts'
import type { Fetched, SignedManifest } from './source.ts'
import { damaged, missing as missingFrom } from './source-failure.ts'
import {
  chunkPath,
  type ImageLabel,
  listPath,
  manifestPath,
  mapPath,
  parseImageLabel,
  pointerPath,
  signaturePath,
} from './store-paths.ts'

/** `stored`: false if it was there already. `damaged`: the bytes are not those of the digest, and were not taken. */
export type Put =
  | { readonly ok: true; readonly stored: boolean }
  | StoreFull
  | { readonly ok: false; readonly code: 'damaged'; readonly message: StoreFull['message'] }

export interface ImageStore {
  readonly folder: string

  /** Bytes as stored; undefined: not there. */
  chunkStoredBytes(name: ChunkName): Promise<number | undefined>
  /** Those of the names that are not there, each once, in their order. */
  missingChunks(names: Iterable<ChunkName>): Promise<readonly ChunkName[]>
  /** As stored, unverified: `openChunk` does that. Undefined: not there. */
  readChunk(name: ChunkName): Promise<Uint8Array | undefined>
  /** The caller vouches that `compressed` is what `name` says: it has packed it, or opened it. */
  putChunk(name: ChunkName, compressed: Uint8Array): Promise<Put>
  /** True if it is there; garbage collection then takes it for new, so that an import can rely on it. */
  keepChunk(name: ChunkName): Promise<boolean>

  /** Bytes of the list, digest checked. */
  readList(digest: ChunkListDigest): Promise<Fetched<Uint8Array>>
  putList(digest: ChunkListDigest, bytes: Uint8Array): Promise<Put>
  readMap(digest: UsedMapDigest): Promise<Fetched<Uint8Array>>
  putMap(digest: UsedMapDigest, bytes: Uint8Array): Promise<Put>

  /** Digest checked, signature not. */
  readManifest(digest: ManifestDigest): Promise<Fetched<SignedManifest>>
  /** Everything put before is durable before the manifest is there. */
  putManifest(digest: ManifestDigest, bytes: Uint8Array, signature: string): Promise<Put>
  manifests(): Promise<readonly ManifestDigest[]>

  pointer(label: ImageLabel): Promise<ManifestDigest | undefined>
  setPointer(label: ImageLabel, digest: ManifestDigest): Promise<Put>
  /** False: there was none. Its manifest and chunks go with the next garbage collection. */
  removePointer(label: ImageLabel): Promise<boolean>
  /** In the order of the labels. */
  pointers(): Promise<ReadonlyMap<ImageLabel, ManifestDigest>>

  /** Makes the names of all files put so far durable. */
  sync(): Promise<void>
}

/** A file that was touched within this time need not be touched again: garbage collection spares far older ones. */
const touchedAgainMs = 600_000

/** Makes folders as they are needed; a folder that is not there is an empty store. */
export const openFolderStore = (folder: string): ImageStore => {
  const at = (path: string): string => join(folder, path)

  const put = async (path: string, bytes: Uint8Array): Promise<Put> => {
    const wrote = await write(at(path), bytes)
    return wrote.ok ? { ok: true, stored: true } : wrote
  }
  const write = async (path: string, bytes: Uint8Array): Promise<{ readonly ok: true } | StoreFull> => {
    try {
      return await writeAtomically(path, bytes)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
    try {
      await mkdir(dirname(path), { recursive: true })
    } catch (error) {
      if (isFull(error)) return storeFull(path)
      throw error
    }
    return writeAtomically(path, bytes)
  }
  const keep = async (path: string): Promise<boolean> => {
    const found = await stat(at(path)).catch(missing)
    // A file without content is what a broken file system left: it is not there.
    if (found === undefined || found.size === 0) return false
    const now = Date.now()
    if (now - found.mtimeMs < touchedAgainMs) return true
    return utimes(at(path), now / 1000, now / 1000).then(
      () => true,
      (error: unknown) => missing(error) ?? false,
    )
  }
  const read = async (path: string, digest: string): Promise<Fetched<Uint8Array>> => {
    const bytes = await readFile(at(path)).catch(missing)
    if (bytes === undefined) return missingFrom(folder, path)
    return sha256(bytes) === digest ? { ok: true, value: bytes } : damaged(folder, path)
  }
  const putNamed = async (path: string, digest: string, bytes: Uint8Array): Promise<Put> => {
    if (sha256(bytes) !== digest) return { ...damaged(folder, path), code: 'damaged' }
    return (await keep(path)) && (await read(path, digest)).ok
      ? { ok: true, stored: false }
      : put(path, bytes)
  }
  // All folders, not just those that were written to here: other threads and processes write into the same store.
  const sync = async (): Promise<void> => {
    for (const name of await namesIn(at('chunks'))) await syncIfThere(at(`chunks/${name}`))
    for (const name of ['chunks', 'lists', 'maps', 'manifests', 'names', '.']) await syncIfThere(at(name))
  }

  return {
    folder,
    sync,
    chunkStoredBytes: async (name) => {
      const size = (await stat(at(chunkPath(name))).catch(missing))?.size
      return size === 0 ? undefined : size
    },
    missingChunks: async (names) => {
      const lacking: ChunkName[] = []
      for (const name of new Set(names))
        if (!(await stat(at(chunkPath(name))).catch(missing))?.size) lacking.push(name)
      return lacking
    },
    readChunk: (name) => readFile(at(chunkPath(name))).catch(missing),
    putChunk: async (name, compressed) =>
      (await keep(chunkPath(name))) ? { ok: true, stored: false } : put(chunkPath(name), compressed),
    keepChunk: (name) => keep(chunkPath(name)),
    readList: (digest) => read(listPath(digest), digest),
    putList: (digest, bytes) => putNamed(listPath(digest), digest, bytes),
    readMap: (digest) => read(mapPath(digest), digest),
    putMap: (digest, bytes) => putNamed(mapPath(digest), digest, bytes),

    readManifest: async (digest) => {
      const manifest = await read(manifestPath(digest), digest)
      if (!manifest.ok) return manifest
      const signature = await readFile(at(signaturePath(digest)), 'utf8').catch(missing)
      if (signature === undefined) return missingFrom(folder, signaturePath(digest))
      return { ok: true, value: { bytes: manifest.value, signature: signature.trim() } }
    },
    putManifest: async (digest, bytes, signature) => {
      if (sha256(bytes) !== digest) return { ...damaged(folder, manifestPath(digest)), code: 'damaged' }
      await sync()
      const signed = await put(signaturePath(digest), Buffer.from(`${signature}\n`))
      if (!signed.ok) return signed
      const stored = await putNamed(manifestPath(digest), digest, bytes)
      await syncIfThere(at('manifests'))
      return stored
    },
    manifests: async () =>
      (await namesIn(at('manifests')))
        .filter((name) => name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length))
        .filter(isManifestDigest),

    pointer: async (label) => {
      const text = (await readFile(at(pointerPath(label)), 'utf8').catch(missing))?.trim()
      return isManifestDigest(text) ? text : undefined
    },
    setPointer: async (label, digest) => {
      const set = await put(pointerPath(label), Buffer.from(`${digest}\n`))
      await syncIfThere(at('names'))
      return set
    },
    removePointer: async (label) => {
      const removed = await removeIfThere(at(pointerPath(label)))
      if (removed) await syncFolder(at('names'))
      return removed
    },
    pointers: async () => {
      const found = new Map<ImageLabel, ManifestDigest>()
      for (const name of await namesIn(at('names'))) {
        const label = parseImageLabel(name)?.label
        const digest = label && (await readFile(at(pointerPath(label)), 'utf8').catch(missing))?.trim()
        if (label !== undefined && isManifestDigest(digest)) found.set(label, digest)
      }
      return found
    },
  }
}

const syncIfThere = (folder: string): Promise<void> => syncFolder(folder).catch(missing)

/** Sorted, without what is not finished; a folder that is not there has none. */
export const namesIn = async (folder: string): Promise<readonly string[]> => {
  const names = await readdir(folder).catch(missing)
  return (names ?? []).filter((name) => !isTemporary(name)).sort()
}

const missing = (error: unknown): undefined => {
  if (!isMissing(error)) throw error
}
