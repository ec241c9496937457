import { type ChunkListDigest, type ChunkName, isChunkName, sha256 } from './digest.ts'

/** The chunk size of every image that we make: a good half of the bytes of 256 KiB chunks' fetches, a quarter of their count. */
export const defaultChunkBytes = 2 ** 20

export const nameBytes = 32

/** Names of a partition's chunks in order, 32 bytes each. A zero entry: the chunk is all zero, or unused. */
export type ChunkList = {
  readonly length: number
  /** Undefined: a zero entry. */
  name(index: number): ChunkName | undefined
  readonly bytes: Uint8Array
}

export type ParsedChunkList =
  | { readonly ok: true; readonly list: ChunkList }
  | { readonly ok: false; readonly code: 'list-damaged' }

const zeroName = '0'.repeat(64)

/** `expectedLength`: how many chunks the partition has; a list of another length is damaged. */
export const parseChunkList = (bytes: Uint8Array, expectedLength?: number): ParsedChunkList => {
  const length = bytes.length / nameBytes
  if (!Number.isInteger(length) || (expectedLength !== undefined && length !== expectedLength)) {
    return { ok: false, code: 'list-damaged' }
  }
  return { ok: true, list: listOver(bytes) }
}

const listOver = (bytes: Uint8Array): ChunkList => {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    length: bytes.length / nameBytes,
    bytes,
    name: (index) => {
      const name = view.toString('hex', index * nameBytes, (index + 1) * nameBytes)
      return name !== zeroName && isChunkName(name) ? name : undefined
    },
  }
}

export const createChunkList = (names: readonly (ChunkName | undefined)[]): ChunkList => {
  const bytes = Buffer.alloc(names.length * nameBytes)
  for (const [index, name] of names.entries())
    if (name !== undefined) bytes.write(name, index * nameBytes, 'hex')
  return listOver(bytes)
}

export const chunkListDigest = (bytes: Uint8Array): ChunkListDigest => sha256(bytes) as ChunkListDigest

/** How many chunks cover so many bytes; the last one may be shorter. */
export const chunkCount = (sizeBytes: number, chunkBytes: number): number => Math.ceil(sizeBytes / chunkBytes)

/** Bytes of the chunk at an index of a partition. */
export const chunkSizeAt = (index: number, sizeBytes: number, chunkBytes: number): number =>
  Math.min(chunkBytes, sizeBytes - index * chunkBytes)

/** The chunks that a list needs, each once, in the order of their first use. */
export const distinctNames = (list: ChunkList): ReadonlySet<ChunkName> => {
  const names = new Set<ChunkName>()
  for (let index = 0; index < list.length; index += 1) {
    const name = list.name(index)
    if (name !== undefined) names.add(name)
  }
  return names
}
