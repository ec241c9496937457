import { hash } from 'node:crypto'

declare const brand: unique symbol
type Sha256<Of extends string> = string & { readonly [brand]: Of }

/** SHA-256 of a chunk's uncompressed bytes, 64 lower-case hex digits. */
export type ChunkName = Sha256<'chunk'>
/** SHA-256 of a chunk list's bytes (N × 32). */
export type ChunkListDigest = Sha256<'chunk-list'>
/** SHA-256 of a used map's bytes. */
export type UsedMapDigest = Sha256<'used-map'>
/** SHA-256 of a manifest's canonical JSON. In specs it is written `sha256:<digest>`. */
export type ManifestDigest = Sha256<'manifest'>

/** 64 lower-case hex digits. Which kind of digest it is, the caller says by the type. */
export const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex')

/** Anything else must not get into a path of the store. */
export const isSha256 = (text: unknown): text is string =>
  typeof text === 'string' && /^[0-9a-f]{64}$/u.test(text)

export const isChunkName = (text: unknown): text is ChunkName => isSha256(text)
export const isChunkListDigest = (text: unknown): text is ChunkListDigest => isSha256(text)
export const isUsedMapDigest = (text: unknown): text is UsedMapDigest => isSha256(text)
export const isManifestDigest = (text: unknown): text is ManifestDigest => isSha256(text)

/** As specs write it, `sha256:<64 hex>`, or the bare digits. Undefined: neither. */
export const parseManifestDigest = (text: string): ManifestDigest | undefined => {
  const digits = text.startsWith('sha256:') ? text.slice('sha256:'.length) : text
  return isManifestDigest(digits) ? digits : undefined
}
