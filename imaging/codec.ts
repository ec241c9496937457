import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { type ChunkName, sha256 } from './digest.ts'

/**
 * Measured on chunks of a program of 126 MB, on one core: level 1 packs 271 MB/s to 40 %, 3 packs 160 MB/s to 35 %, 6 packs 61 MB/s
 * to 33 %, 9 packs 41 MB/s to 33 %; unpacking takes the same time. Beyond 3, time buys nearly nothing.
 */
const level = 3

/** A frame is a little longer than its content where nothing can be packed (zstd's own bound is 1/256 and some bytes). */
const frameBytes = (contentBytes: number): number => contentBytes + (contentBytes >> 8) + 64

/** No chunk is larger: neither a manifest nor a peer may make a reader ask for more memory. */
export const largestChunkBytes = 16 * 2 ** 20

export type OpenedChunk =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly code: 'chunk-damaged' }

/** SHA-256 of the uncompressed, masked bytes. */
export const chunkName = (bytes: Uint8Array): ChunkName => sha256(bytes) as ChunkName

/** One zstd frame that tells its content's size. */
export const compressChunk = (bytes: Uint8Array): Uint8Array =>
  zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: level },
    chunkSize: frameBytes(bytes.length),
  })

/** Decompresses to at most `sizeBytes`, and checks size and hash: what comes back is what the name says. */
export const openChunk = (name: ChunkName, compressed: Uint8Array, sizeBytes: number): OpenedChunk => {
  const bytes = unpack(compressed, sizeBytes)
  return bytes !== undefined && bytes.length === sizeBytes && chunkName(bytes) === name
    ? { ok: true, bytes }
    : { ok: false, code: 'chunk-damaged' }
}

/** For whoever knows the name only, as a receiver of uploads does: any size up to `mostBytes`. */
export const openChunkOfAnySize = (
  name: ChunkName,
  compressed: Uint8Array,
  mostBytes = largestChunkBytes,
): OpenedChunk => {
  const bytes = unpack(compressed, mostBytes)
  return bytes !== undefined && chunkName(bytes) === name
    ? { ok: true, bytes }
    : { ok: false, code: 'chunk-damaged' }
}

/** Undefined: no zstd, or more than `mostBytes` of content. */
const unpack = (compressed: Uint8Array, mostBytes: number): Uint8Array | undefined => {
  try {
    return zstdDecompressSync(compressed, {
      maxOutputLength: mostBytes,
      // A little more than the content: zlib would take another buffer of this size when the first is full to the brim.
      chunkSize: 64 + Math.min(mostBytes, 2 ** 20),
    })
  } catch (error) {
    if (error instanceof Error && 'code' in error && isDamage(String(error.code))) return undefined
    throw error
  }
}

const isDamage = (code: string): boolean =>
  /^(ERR_BUFFER_TOO_LARGE|Z_|ZSTD_error_|ERR_ZLIB_|ERR_ZSTD_)/u.test(code)

const zeros = new Uint8Array(2 ** 20)

/** An all-zero chunk is a zero entry of the list, and stored nowhere. */
export const isZero = (bytes: Uint8Array): boolean => {
  for (let from = 0; from < bytes.length; from += zeros.length) {
    const part = bytes.subarray(from, from + zeros.length)
    if (Buffer.compare(part, zeros.subarray(0, part.length)) !== 0) return false
  }
  return true
}
