/** A small signed image in a folder store: two partitions of chunks that can be made again from their seed. */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { chunkListDigest, createChunkList } from '../../imaging/chunk-list.ts'
import { chunkName, compressChunk } from '../../imaging/codec.ts'
import type { ChunkName, ManifestDigest } from '../../imaging/digest.ts'
import { type ImageStore, openFolderStore } from '../../imaging/folder-store.ts'
import type { Manifest, ManifestPartition } from '../../imaging/manifest.ts'
import { publish } from '../../imaging/publish.ts'
import { createSigningKey, type SigningKey } from '../../imaging/signature.ts'
import { type ImageLabel, parseImageLabel } from '../../imaging/store-paths.ts'
import { encodeUsedMap, usedMapDigest, wholeMap } from '../../imaging/used-map.ts'
import { createRandom } from '../../providers/simulated/random.ts'

export const chunkBytes = 64 * 1024

export type MadeImage = {
  readonly store: ImageStore
  readonly key: SigningKey
  readonly label: ImageLabel
  readonly digest: ManifestDigest
  readonly manifest: Manifest
  readonly names: readonly ChunkName[]
  /** Uncompressed, by name. */
  readonly contents: ReadonlyMap<ChunkName, Uint8Array>
}

export async function temporaryFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-imaging-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export const emptyStore = async (t: ExecutionContext): Promise<ImageStore> =>
  openFolderStore(join(await temporaryFolder(t), 'images'))

/** Half of each chunk is noise, so that compressed chunks differ in length and are not tiny. */
export function contentsOf(seed: number, index: number): Uint8Array {
  const random = createRandom(seed * 1_000 + index)
  const noise = 8_192 + Math.floor(random() * (chunkBytes - 8_192))
  return Uint8Array.from({ length: chunkBytes }, (_, at) => (at < noise ? Math.floor(random() * 256) : 0x20))
}

export async function makeImage(
  t: ExecutionContext,
  { seed = 1, chunks = 24, version = '2026.09', key = createSigningKey() } = {},
): Promise<MadeImage> {
  const store = await emptyStore(t)
  const contents = new Map<ChunkName, Uint8Array>()
  const names: ChunkName[] = []
  for (let index = 0; index < chunks; index++) {
    const bytes = contentsOf(seed, index)
    const name = chunkName(bytes)
    contents.set(name, bytes)
    names.push(name)
    await store.putChunk(name, compressChunk(bytes))
  }
  const half = Math.ceil(chunks / 2)
  const partitions = [
    await partition(store, 1, 'root', names.slice(0, half)),
    await partition(store, 2, 'data', names.slice(half)),
  ]
  const manifest: Manifest = {
    format: 'proviseur-image-1',
    name: 'debian-edu',
    version,
    createdAt: '2026-09-01T06:00:00Z',
    createdFrom: { kind: 'import', source: 'debian.img' },
    chunkBytes,
    firmware: ['uefi'],
    disk: {
      table: 'gpt',
      id: randomUUID().toUpperCase(),
      sizeBytes: (chunks + 32) * chunkBytes,
      sectorBytes: 512,
    },
    partitions,
  }
  const published = await publish(store, manifest, key.privateKeyPem)
  if (!published.ok) throw new Error(published.message.en)
  const label = parseImageLabel(`debian-edu@${version}`)?.label
  if (label === undefined) throw new Error('a label that is none')
  return { store, key, label, digest: published.value, manifest, names, contents }
}

async function partition(
  store: ImageStore,
  number: number,
  name: string,
  names: readonly ChunkName[],
): Promise<ManifestPartition> {
  // A zero entry among them: it is asked for by nobody.
  const list = createChunkList([...names, undefined])
  const sizeBytes = list.length * chunkBytes
  const map = encodeUsedMap(wholeMap(sizeBytes))
  await store.putList(chunkListDigest(list.bytes), list.bytes)
  await store.putMap(usedMapDigest(map), map)
  return {
    name,
    number,
    type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
    guid: randomUUID().toUpperCase(),
    sizeBytes,
    fileSystem: { kind: 'ext4' },
    list: chunkListDigest(list.bytes),
    map: usedMapDigest(map),
    usedBytes: sizeBytes,
    storedBytes: 1,
  }
}
