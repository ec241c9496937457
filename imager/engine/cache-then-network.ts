/**
 * A PC's own cache before the network. What the cache has damaged is thrown out of it, fetched from the network instead, and put
 * back; what came from the network and was found right goes into the cache.
 */
import { removeIfThere } from '../../imaging/atomic-file.ts'
import type { ChunkName } from '../../imaging/digest.ts'
import type { ImageStore } from '../../imaging/folder-store.ts'
import type { ChunkItem, ChunkSource, Fetched } from '../../imaging/source.ts'
import { chunkFile, putUnsynced, startUnsynced } from './cache-chunk.ts'

export type LayeredItem =
  | {
      readonly name: ChunkName
      readonly compressed: Uint8Array
      readonly from: 'cache' | 'network'
    }
  | Exclude<ChunkItem, { readonly compressed: Uint8Array }>

export type LayeredSource = Omit<ChunkSource, 'chunks'> & {
  /** In the order of the names, as every source. */
  chunks(names: readonly ChunkName[], signal: AbortSignal): AsyncIterable<LayeredItem>
  /** The cache's copy was damaged: it is removed, and the network asked from now on. */
  distrust(name: ChunkName): Promise<void>
  /** The caller has opened it. It is durable when the cache's file system is synced: fill-cache.ts. Does nothing once the cache is full. */
  keep(name: ChunkName, compressed: Uint8Array): Promise<void>
}

/**
 * Without a cache, everything comes from the network; without a network, `network` is a source that is silent. Chunks leave
 * `reserveBytes` of the cache's partition free.
 */
export const cacheThenNetwork = (
  cache: ImageStore | undefined,
  network: ChunkSource,
  reserveBytes = 0,
): LayeredSource => {
  let full = false
  let started: Promise<void> | undefined

  const lacking = async (names: readonly ChunkName[]): Promise<ReadonlySet<ChunkName>> =>
    new Set(cache === undefined ? names : await cache.missingChunks(names))

  async function* chunks(
    names: readonly ChunkName[],
    signal: AbortSignal,
  ): AsyncGenerator<LayeredItem, void, undefined> {
    const fromNetwork = await lacking(names)
    const wanted = names.filter((name) => fromNetwork.has(name))
    const incoming = network.chunks(wanted, signal)[Symbol.asyncIterator]()
    try {
      for (const name of names) {
        const cached = fromNetwork.has(name) ? undefined : await cache?.readChunk(name)
        if (cached !== undefined) {
          yield { name, compressed: cached, from: 'cache' }
          continue
        }
        const item = fromNetwork.has(name) ? await incoming.next() : await single(name, signal)
        if (item.done === true) return
        yield 'compressed' in item.value ? { ...item.value, from: 'network' } : item.value
        if ('failure' in item.value) return
      }
    } finally {
      await incoming.return?.()
    }
  }
  /** It was in the cache a moment ago. */
  const single = (name: ChunkName, signal: AbortSignal): Promise<IteratorResult<ChunkItem>> =>
    network.chunks([name], signal)[Symbol.asyncIterator]().next()

  const cachedOr = async <T>(
    cached: Promise<Fetched<T>> | undefined,
    fetch: () => Promise<Fetched<T>>,
    put: (value: T) => Promise<unknown> | undefined,
  ): Promise<Fetched<T>> => {
    const found = await cached
    if (found?.ok === true) return found
    const fetched = await fetch()
    // A cache that is too full to take it is no reason not to go on.
    if (fetched.ok) await put(fetched.value)
    return fetched
  }

  return {
    chunks,
    list: (digest, signal) =>
      cachedOr(
        cache?.readList(digest),
        () => network.list(digest, signal),
        (bytes) => cache?.putList(digest, bytes),
      ),
    map: (digest, signal) =>
      cachedOr(
        cache?.readMap(digest),
        () => network.map(digest, signal),
        (bytes) => cache?.putMap(digest, bytes),
      ),
    // Whether its signature is right only the caller knows: a manifest is put into the cache when it has been checked.
    manifest: async (digest, signal) => {
      const cached = await cache?.readManifest(digest)
      return cached?.ok === true ? cached : network.manifest(digest, signal)
    },
    distrust: async (name) => {
      if (cache !== undefined) await removeIfThere(chunkFile(cache, name))
    },
    keep: async (name, compressed) => {
      if (cache === undefined || full) return
      started ??= startUnsynced(cache)
      await started
      full = !(await putUnsynced(cache, name, compressed, reserveBytes))
    },
  }
}
