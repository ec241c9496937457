import type { ChunkName, ManifestDigest } from './digest.ts'
import type { ImageStore } from './folder-store.ts'
import { chunksOf, openContents, openManifest } from './image-contents.ts'
import type { Manifest } from './manifest.ts'
import type { Refusal } from './refusal.ts'
import type { ImageLabel } from './store-paths.ts'

export type ListedImage =
  | {
      readonly label: ImageLabel
      readonly digest: ManifestDigest
      readonly manifest: Manifest
      /** Of the disk's used blocks. */
      readonly usedBytes: number
      /** Of its distinct chunks, as stored; of them those that no other version has; and those that others have too. */
      readonly storedBytes: number
      readonly ownBytes: number
      readonly sharedBytes: number
      /** Chunks that are not there. */
      readonly missingChunks: number
    }
  | { readonly label: ImageLabel; readonly digest: ManifestDigest; readonly refusal: Refusal }

/** Every version of the store, in the order of the names, with what it takes and what it shares. */
export const listImages = async (store: ImageStore): Promise<readonly ListedImage[]> => {
  const users = new Map<ChunkName, number>()
  const opened: {
    readonly label: ImageLabel
    readonly digest: ManifestDigest
    readonly read:
      | Refusal
      | { readonly ok: true; readonly manifest: Manifest; readonly chunks: ReadonlySet<ChunkName> }
  }[] = []
  for (const [label, digest] of await store.pointers()) {
    const read = await openChunks(store, digest)
    if (read.ok) for (const name of read.chunks) users.set(name, (users.get(name) ?? 0) + 1)
    opened.push({ label, digest, read })
  }
  const sizes = new Map<ChunkName, number | undefined>()
  for (const name of users.keys()) sizes.set(name, await store.chunkStoredBytes(name))
  return opened.map(({ label, digest, read }): ListedImage => {
    if (!read.ok) return { label, digest, refusal: read }
    let [ownBytes, sharedBytes, missingChunks] = [0, 0, 0]
    for (const name of read.chunks) {
      const bytes = sizes.get(name)
      if (bytes === undefined) missingChunks += 1
      else if (users.get(name) === 1) ownBytes += bytes
      else sharedBytes += bytes
    }
    const usedBytes = read.manifest.partitions.reduce((sum, partition) => sum + partition.usedBytes, 0)
    const storedBytes = ownBytes + sharedBytes
    return {
      label,
      digest,
      manifest: read.manifest,
      usedBytes,
      storedBytes,
      ownBytes,
      sharedBytes,
      missingChunks,
    }
  })
}

const openChunks = async (store: ImageStore, digest: ManifestDigest) => {
  const manifest = await openManifest(store, digest)
  if (!manifest.ok) return manifest
  const contents = await openContents(store, manifest.value)
  if (!contents.ok) return contents
  const chunks = new Set<ChunkName>()
  for (const each of contents.value)
    for (const { name } of chunksOf(each, manifest.value.chunkBytes)) chunks.add(name)
  return { ok: true, manifest: manifest.value, chunks } as const
}
