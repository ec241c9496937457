/** The last step of every import and capture: the manifest goes in only if everything that it names is there. */
import { chunkCount, distinctNames, parseChunkList } from './chunk-list.ts'
import type { ChunkListDigest, ChunkName, ManifestDigest } from './digest.ts'
import type { ImageStore } from './folder-store.ts'
import type { Manifest, ManifestPartition } from './manifest.ts'
import { encodeManifest, manifestDigest, parseManifest } from './manifest-codec.ts'
import { type Result, refuse, right } from './refusal.ts'
import { signBytes } from './signature.ts'
import { parseImageLabel } from './store-paths.ts'
import { parseUsedMap } from './used-map.ts'

/**
 * Signs a captured manifest and makes it a version. `draft`: as the imager sent it, a manifest without a signature, untrusted; what its
 * chunks take in the store is measured here. Refused: a draft that is no manifest, or that names what the store does not have; a
 * version that is there with other contents.
 */
export const finishCapture = async (
  store: ImageStore,
  draft: unknown,
  privateKeyPem: string,
): Promise<Result<ManifestDigest>> => {
  const parsed = parseManifest(encodeManifest(draft as Manifest))
  if (!parsed.ok) return parsed
  const partitions: ManifestPartition[] = []
  for (const partition of parsed.manifest.partitions) {
    const storedBytes = await measure(store, partition.list)
    // A list that is not there is refused below.
    partitions.push(storedBytes === undefined ? partition : { ...partition, storedBytes })
  }
  return publish(store, { ...parsed.manifest, partitions }, privateKeyPem)
}

/** Bytes of a list's distinct chunks as stored; undefined: the list cannot be read. */
const measure = async (store: ImageStore, digest: ChunkListDigest): Promise<number | undefined> => {
  const list = await store.readList(digest)
  const parsed = list.ok ? parseChunkList(list.value) : undefined
  if (parsed?.ok !== true) return undefined
  let bytes = 0
  for (const name of distinctNames(parsed.list)) bytes += (await store.chunkStoredBytes(name)) ?? 0
  return bytes
}

/** `replace`: the version may be there with other contents, which it then no longer has. */
export const publish = async (
  store: ImageStore,
  manifest: Manifest,
  privateKeyPem: string,
  replace = false,
): Promise<Result<ManifestDigest>> => {
  const bytes = encodeManifest(manifest)
  const digest = manifestDigest(bytes)
  const label = parseImageLabel(`${manifest.name}@${manifest.version}`)?.label
  if (label === undefined) throw new Error(`a manifest without a name: ${manifest.name}@${manifest.version}`)
  const known = await store.pointer(label)
  if (known !== undefined && known !== digest && !replace) return versionExists(label)
  const complete = await checkComplete(store, manifest)
  if (!complete.ok) return complete
  const put = await store.putManifest(digest, bytes, signBytes(privateKeyPem, bytes))
  if (!put.ok) return put
  const named = await store.setPointer(label, digest)
  if (!named.ok) return named
  // What a garbage collection took away while we worked is noticed here, not on a PC.
  const still = await checkComplete(store, manifest)
  return still.ok ? right(digest) : still
}

export const versionExists = (label: string) =>
  refuse(
    'version-exists',
    `The store has ${label} already, and a version never changes. Choose another version, or add --replace if no PC has it yet.`,
    `Le dépôt contient déjà ${label}, et une version ne change jamais. Choisissez une autre version, ou ajoutez --replace si aucun poste ne l’a encore.`,
  )

/** Whether lists, maps and chunks of a manifest are all there, and of the lengths that its sizes say. Contents are not read. */
export const checkComplete = async (store: ImageStore, manifest: Manifest): Promise<Result<undefined>> => {
  const needed = new Set<ChunkName>()
  const take = async (digest: ChunkListDigest, sizeBytes: number): Promise<Result<undefined>> => {
    const list = await store.readList(digest)
    if (!list.ok) return list
    const parsed = parseChunkList(list.value, chunkCount(sizeBytes, manifest.chunkBytes))
    if (!parsed.ok) return inconsistent(manifest, 'list')
    for (const name of distinctNames(parsed.list)) needed.add(name)
    return right(undefined)
  }
  const { gap } = manifest.disk
  if (gap !== undefined) {
    const taken = await take(gap.list, gap.sizeBytes)
    if (!taken.ok) return taken
  }
  for (const partition of manifest.partitions) {
    const taken = await take(partition.list, partition.sizeBytes)
    if (!taken.ok) return taken
    const map = await store.readMap(partition.map)
    if (!map.ok) return map
    const parsed = parseUsedMap(map.value, partition.sizeBytes)
    if (!parsed.ok || parsed.map.usedBytes !== partition.usedBytes) return inconsistent(manifest, 'map')
  }
  const [lacking, ...more] = await store.missingChunks(needed)
  if (lacking === undefined) return right(undefined)
  return refuse(
    'chunk-missing',
    `The store lacks ${more.length + 1} chunks of ${manifest.name}@${manifest.version}, the first is ${lacking}. Import or capture it again: what is there is not read twice.`,
    `Il manque au dépôt ${more.length + 1} blocs de ${manifest.name}@${manifest.version}, à commencer par ${lacking}. Recommencez l’importation ou la capture\u00a0: ce qui est déjà là ne sera pas relu.`,
  )
}

const inconsistent = ({ name, version }: Manifest, what: 'list' | 'map') =>
  refuse(
    `${what}-damaged`,
    `The ${what === 'list' ? 'chunk list' : 'map of used bytes'} of a partition of ${name}@${version} does not fit its size.`,
    `La ${what === 'list' ? 'liste de blocs' : 'carte des octets utilisés'} d’une partition de ${name}@${version} ne correspond pas à sa taille.`,
  )
