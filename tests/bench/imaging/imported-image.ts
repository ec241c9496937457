/** An image of one partition in a store of its own, as `proviseur image import` makes it, and what it is made of. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ChunkList, chunkCount, parseChunkList } from '../../../imaging/chunk-list.ts'
import { isManifestDigest, type ManifestDigest } from '../../../imaging/digest.ts'
import { type ImageStore, openFolderStore } from '../../../imaging/folder-store.ts'
import type { Manifest, ManifestPartition } from '../../../imaging/manifest.ts'
import { parseUsedMap, type UsedMap } from '../../../imaging/used-map.ts'
import { type Measure, measure } from '../measure.ts'

export type ImportedImage = {
  readonly run: Measure
  readonly store: ImageStore
  readonly digest: ManifestDigest
  readonly chunkBytes: number
  readonly partition: ManifestPartition
  readonly list: ChunkList
  readonly map: UsedMap
}

const proviseur = join(import.meta.dirname, '../../../bin/proviseur')

export async function importSample(file: string, folder: string): Promise<ImportedImage> {
  const park = join(folder, 'park')
  await mkdir(park, { recursive: true })
  await writeFile(join(park, 'park.yaml'), 'kind: Park\nname: bench\ntimezone: Europe/Paris\n')
  const run = await measure(
    [proviseur, 'image', 'import', 'bench@1', '--partition', `root=${file}`, '--park', park, '--json'],
    { env: { ...process.env, PROVISEUR_LOCALE: 'en' } },
  )
  const { digest: told, manifest }: { digest: string; manifest: Manifest } = JSON.parse(run.output)
  const digest = told.replace('sha256:', '')
  const [partition] = manifest.partitions
  if (!isManifestDigest(digest) || partition === undefined)
    throw new Error(`an import without image: ${told}`)
  const store = openFolderStore(join(park, '.proviseur/images'))
  const { chunkBytes } = manifest
  const list = await store.readList(partition.list)
  const map = await store.readMap(partition.map)
  if (!list.ok || !map.ok) throw new Error('an import without list or map')
  const parsedList = parseChunkList(list.value, chunkCount(partition.sizeBytes, chunkBytes))
  const parsedMap = parseUsedMap(map.value, partition.sizeBytes)
  if (!parsedList.ok || !parsedMap.ok) throw new Error('an import with a damaged list or map')
  return { run, store, digest, chunkBytes, partition, list: parsedList.list, map: parsedMap.map }
}

/** Bytes as stored, of all distinct chunks or of those at these places. */
export async function storedBytes(image: ImportedImage, indexes: Iterable<number>): Promise<number> {
  const names = new Set([...indexes].map((index) => image.list.name(index)))
  let sum = 0
  for (const name of names) sum += name === undefined ? 0 : ((await image.store.chunkStoredBytes(name)) ?? 0)
  return sum
}
