import type { Text } from '../specs/text.ts'
import type { ChunkListDigest, ChunkName, ManifestDigest, UsedMapDigest } from './digest.ts'
import type { ImageStore } from './folder-store.ts'

/**
 * `missing`: the source has nothing of this name. `damaged`: it has something else under it. `source-silent`: it did not answer, or
 * broke off, however often it was asked. `source-refused`: it answered, but not with what was asked for (HTTP 401, 400).
 */
export type SourceFailure = {
  readonly ok: false
  readonly code: 'missing' | 'damaged' | 'source-silent' | 'source-refused'
  readonly message: Text
  readonly detail?: string
}

export type Fetched<T> = { readonly ok: true; readonly value: T } | SourceFailure

export type ChunkItem =
  /** As stored, not yet verified: `openChunk` does it. */
  | { readonly name: ChunkName; readonly compressed: Uint8Array }
  | { readonly name: ChunkName; readonly missing: true }
  /** The last item: what was asked for after it does not come. */
  | { readonly failure: SourceFailure }

/** The digest of `bytes` was checked; the signature (base64) was not. */
export type SignedManifest = { readonly bytes: Uint8Array; readonly signature: string }

/** Where images come from: a folder, a server, a cache before a server. */
export interface ChunkSource {
  /** One item for each name, in their order, or a failure that ends it. */
  chunks(names: readonly ChunkName[], signal: AbortSignal): AsyncIterable<ChunkItem>
  /** Bytes of the chunk list, digest checked. */
  list(digest: ChunkListDigest, signal: AbortSignal): Promise<Fetched<Uint8Array>>
  /** Bytes of the used map, digest checked. */
  map(digest: UsedMapDigest, signal: AbortSignal): Promise<Fetched<Uint8Array>>
  manifest(digest: ManifestDigest, signal: AbortSignal): Promise<Fetched<SignedManifest>>
}

/** A store on this machine. */
export const folderSource = (store: ImageStore): ChunkSource => ({
  async *chunks(names, signal) {
    for (const name of names) {
      signal.throwIfAborted()
      const compressed = await store.readChunk(name)
      yield compressed === undefined ? { name, missing: true } : { name, compressed }
    }
  },
  list: (digest) => store.readList(digest),
  map: (digest) => store.readMap(digest),
  manifest: (digest) => store.readManifest(digest),
})
