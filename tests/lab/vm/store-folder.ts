/** The independent look into an image store's folder: the files as the format says, not as imaging/ reads them. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'

export type StoredImage = {
  readonly partitions: readonly {
    readonly name: string
    readonly list: string
    readonly map: string
    readonly sizeBytes: number
    readonly storedBytes: number
  }[]
}

/** `digest`: with or without `sha256:`. */
export const storedImage = async (store: string, digest: string): Promise<StoredImage> =>
  JSON.parse(await readFile(join(store, 'manifests', `${digest.replace('sha256:', '')}.json`), 'utf8'))

/** The names that an image's list has for a partition: 32 bytes each, zeros for a chunk of zeros. */
export async function listedNames(
  store: string,
  image: StoredImage,
  partition: string,
): Promise<readonly (string | undefined)[]> {
  const found = image.partitions.find(({ name }) => name === partition)
  if (found === undefined) throw new Error(`the image has no partition ${partition}`)
  const names = (await readFile(join(store, 'lists', found.list))).toString('hex').match(/.{64}/g) ?? []
  return names.map((name) => (/^0+$/.test(name) ? undefined : name))
}

/** Chunk files: name → bytes as stored, compressed. */
export async function storedChunks(store: string): Promise<ReadonlyMap<string, number>> {
  const chunks = new Map<string, number>()
  for (const entry of await readdir(join(store, 'chunks'), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const { size } = await stat(join(entry.parentPath, entry.name))
    chunks.set(basename(entry.name, '.zst'), size)
  }
  return chunks
}
