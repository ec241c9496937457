import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isMissing, isTemporary, removeIfThere } from './atomic-file.ts'
import type { ManifestDigest } from './digest.ts'
import type { ImageStore } from './folder-store.ts'
import { chunksOf, openContents, openManifest } from './image-contents.ts'
import { type Result, refuse, right } from './refusal.ts'
import { chunkPath, listPath, manifestPath, mapPath, signaturePath } from './store-paths.ts'
import { type StoredFile, walkStore } from './store-walk.ts'

/** An import, a capture or a transfer that is under way is younger. */
export const defaultGraceMs = 24 * 3_600_000

export type Collection = {
  /** Manifests that are kept besides those with a name: what a site still serves. */
  readonly keep: readonly ManifestDigest[]
  /** Files younger than this stay, used or not. */
  readonly graceMs: number
  /** Epoch milliseconds. */
  readonly now: number
  /** Only count. */
  readonly dryRun: boolean
}

export type Collected = {
  readonly removedFiles: number
  readonly removedBytes: number
  /** Used by no image, but within the grace period. */
  readonly youngFiles: number
  readonly youngBytes: number
  readonly keptBytes: number
}

/**
 * Mark and sweep: keeps what the images with a name need, and what is young. Refused if a kept image cannot be read: what it needs is
 * then not known, and would be lost.
 */
export const collectGarbage = async (
  store: ImageStore,
  collection: Collection,
): Promise<Result<Collected>> => {
  const { graceMs, now, dryRun } = collection
  const marked = await mark(store, new Set([...(await store.pointers()).values(), ...collection.keep]))
  if (!marked.ok) return marked
  const tally = { removedFiles: 0, removedBytes: 0, youngFiles: 0, youngBytes: 0, keptBytes: 0 }
  // Manifests first: what is left after a crash is then garbage, never an image with holes.
  for await (const file of walkStore(store.folder, ['manifests', 'lists', 'maps', 'chunks', 'names'])) {
    const temporary = isTemporary(basename(file.path))
    if (file.path.startsWith('names/') && !temporary) continue
    if (marked.value.has(file.path) && !temporary) {
      tally.keptBytes += file.sizeBytes
    } else if (now - file.modifiedAt < graceMs || !(await sweep(store, file, now - graceMs, dryRun))) {
      tally.youngFiles += 1
      tally.youngBytes += file.sizeBytes
    } else {
      tally.removedFiles += 1
      tally.removedBytes += file.sizeBytes
    }
  }
  return right(tally)
}

const mark = async (
  store: ImageStore,
  digests: ReadonlySet<ManifestDigest>,
): Promise<Result<ReadonlySet<string>>> => {
  const paths = new Set<string>()
  for (const digest of digests) {
    const manifest = await openManifest(store, digest)
    if (!manifest.ok) return cannotMark(manifest.message)
    const contents = await openContents(store, manifest.value)
    if (!contents.ok) return cannotMark(contents.message)
    paths.add(manifestPath(digest)).add(signaturePath(digest))
    for (const { map } of manifest.value.partitions) paths.add(mapPath(map))
    for (const each of contents.value) {
      paths.add(listPath(each.digest))
      for (const { name } of chunksOf(each, manifest.value.chunkBytes)) paths.add(chunkPath(name))
    }
  }
  return right(paths)
}

const cannotMark = (why: { readonly en: string; readonly fr: string }) =>
  refuse(
    'image-unreadable',
    `Nothing was removed: an image of the store cannot be read, so what it needs is not known. Import it again, or remove its version (proviseur image remove). ${why.en}`,
    `Rien n’a été supprimé\u00a0: une image du dépôt est illisible, et ce dont elle a besoin n’est pas connu. Importez-la de nouveau, ou retirez sa version (proviseur image remove). ${why.fr}`,
  )

/** Looks at the time once more right before: an import may just have found the file useful. False: it stays. */
const sweep = async (
  store: ImageStore,
  { path }: StoredFile,
  olderThan: number,
  dryRun: boolean,
): Promise<boolean> => {
  if (dryRun) return true
  const file = join(store.folder, path)
  const found = await stat(file).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
  return found !== undefined && found.mtimeMs <= olderThan && (await removeIfThere(file))
}
