/** What the image store holds, for the plan's forecasts: sizes of each version, and what it takes to come from one to another. */
import { distinctNames, parseChunkList } from '../../imaging/chunk-list.ts'
import type { ManifestDigest } from '../../imaging/digest.ts'
import type { ImageStore } from '../../imaging/folder-store.ts'
import { parseManifest } from '../../imaging/manifest-codec.ts'
import type { KnownImage } from '../../reconciler/model/plan.ts'

export type KnownImages = {
  readonly all: () => ReadonlyMap<string, KnownImage>
  /** Reads what has come into the store since. */
  refresh(): Promise<void>
}

type Contents = {
  readonly usedBytes: number
  readonly storedBytes: number
  readonly chunks: ReadonlySet<string>
}

export const createKnownImages = (store: ImageStore): KnownImages => {
  const contents = new Map<ManifestDigest, Contents>()
  let known: ReadonlyMap<string, KnownImage> = new Map()
  return {
    all: () => known,
    refresh: async () => {
      const digests = new Set(await store.manifests())
      for (const digest of contents.keys()) if (!digests.has(digest)) contents.delete(digest)
      for (const digest of digests) {
        const read = contents.has(digest) ? undefined : await readContents(store, digest)
        if (read !== undefined) contents.set(digest, read)
      }
      known = new Map([...contents].map(([digest, one]) => [digest, knownImage(one, contents)]))
    },
  }
}

/** Undefined: it is not whole (yet), or damaged: then nothing is forecast, and the imager says what is wrong. */
const readContents = async (store: ImageStore, digest: ManifestDigest): Promise<Contents | undefined> => {
  const read = await store.readManifest(digest)
  const parsed = read.ok ? parseManifest(read.value.bytes) : undefined
  if (parsed?.ok !== true) return undefined
  const { partitions } = parsed.manifest
  const chunks = new Set<string>()
  for (const { list } of partitions) {
    const bytes = await store.readList(list)
    const parsedList = bytes.ok ? parseChunkList(bytes.value) : undefined
    if (parsedList?.ok !== true) return undefined
    for (const name of distinctNames(parsedList.list)) chunks.add(name)
  }
  const sum = (pick: (partition: (typeof partitions)[number]) => number): number =>
    partitions.reduce((total, partition) => total + pick(partition), 0)
  return { usedBytes: sum((one) => one.usedBytes), storedBytes: sum((one) => one.storedBytes), chunks }
}

const knownImage = (own: Contents, all: ReadonlyMap<string, Contents>): KnownImage => ({
  usedBytes: own.usedBytes,
  storedBytes: own.storedBytes,
  deltaBytes: (from) => {
    const other = all.get(from.replace(/^sha256:/, ''))
    if (other === undefined) return undefined
    let fresh = 0
    for (const name of own.chunks) if (!other.chunks.has(name)) fresh += 1
    // By the image's own average: a forecast need not ask the disk for each chunk's size.
    return Math.round((own.storedBytes * fresh) / Math.max(1, own.chunks.size))
  },
})
