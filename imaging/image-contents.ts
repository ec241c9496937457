/** The chunks that an image needs, checked against its sizes: what listing, comparing, collecting and verifying share. */
import { type ChunkList, chunkCount, chunkSizeAt, parseChunkList } from './chunk-list.ts'
import type { ChunkListDigest, ChunkName, ManifestDigest } from './digest.ts'
import type { ImageStore } from './folder-store.ts'
import type { Manifest } from './manifest.ts'
import { parseManifest } from './manifest-codec.ts'
import { type Refusal, type Result, refuse, right } from './refusal.ts'
import { type ImageLabel, parseImageLabel } from './store-paths.ts'

/** A chunk list with what it covers; `gap`: what lies behind the MBR. */
export type Contents = {
  readonly name: string
  readonly list: ChunkList
  readonly digest: ChunkListDigest
  readonly sizeBytes: number
}

export const openManifest = async (store: ImageStore, digest: ManifestDigest): Promise<Result<Manifest>> => {
  const read = await store.readManifest(digest)
  if (!read.ok) return read
  const parsed = parseManifest(read.value.bytes)
  return parsed.ok ? right(parsed.manifest) : parsed
}

/** `name@version`, as a person writes it. */
export const findImage = async (
  store: ImageStore,
  word: string,
): Promise<
  Result<{ readonly label: ImageLabel; readonly digest: ManifestDigest; readonly manifest: Manifest }>
> => {
  const label = parseImageLabel(word)?.label
  const digest = label && (await store.pointer(label))
  if (label === undefined || digest === undefined) return unknown(word, [...(await store.pointers()).keys()])
  const manifest = await openManifest(store, digest)
  return manifest.ok ? right({ label, digest, manifest: manifest.value }) : manifest
}

const unknown = (word: string, known: readonly string[]): Refusal => {
  const some = known.slice(-8).join(', ') + (known.length > 8 ? ', …' : '')
  return known.length === 0
    ? refuse(
        'image-unknown',
        `There is no image ${word}: the store is empty. Import one: proviseur image import NAME@VERSION FILE`,
        `Il n’y a pas d’image ${word}\u00a0: le dépôt est vide. Importez-en une\u00a0: proviseur image import NOM@VERSION FICHIER`,
      )
    : refuse(
        'image-unknown',
        `There is no image ${word}. The store has: ${some}.`,
        `Il n’y a pas d’image ${word}. Le dépôt contient\u00a0: ${some}.`,
      )
}

/** The lists of a manifest, in the order of the disk. The first that cannot be read ends it. */
export const openContents = async (
  store: ImageStore,
  manifest: Manifest,
): Promise<Result<readonly Contents[]>> => {
  const { gap } = manifest.disk
  const wanted = [
    ...(gap === undefined ? [] : [{ name: 'mbr', list: gap.list, sizeBytes: gap.sizeBytes }]),
    ...manifest.partitions,
  ]
  const contents: Contents[] = []
  for (const { name, list: digest, sizeBytes } of wanted) {
    const read = await store.readList(digest)
    if (!read.ok) return read
    const parsed = parseChunkList(read.value, chunkCount(sizeBytes, manifest.chunkBytes))
    if (!parsed.ok) {
      return refuse(
        'list-damaged',
        `The chunk list of partition ${name} of ${manifest.name}@${manifest.version} does not fit its size.`,
        `La liste de blocs de la partition ${name} de ${manifest.name}@${manifest.version} ne correspond pas à sa taille.`,
      )
    }
    contents.push({ name, digest, sizeBytes, list: parsed.list })
  }
  return right(contents)
}

/** Every chunk of a list that is not zero, with its place and its length. */
export function* chunksOf(
  { list, sizeBytes }: Contents,
  chunkBytes: number,
): Generator<{ readonly index: number; readonly name: ChunkName; readonly bytes: number }> {
  for (let index = 0; index < list.length; index += 1) {
    const name = list.name(index)
    if (name !== undefined) yield { index, name, bytes: chunkSizeAt(index, sizeBytes, chunkBytes) }
  }
}
