/**
 * Framing of `POST /store/batch`. The request's body is N × 32 bytes of chunk names. The response's body answers each of them, in
 * their order, with a frame: its length as 32 bits little-endian, then that many bytes, the chunk as it is stored (zstd).
 * The length 0xffffffff stands for a chunk that the store does not have, or cannot read: no bytes follow.
 *
 * A response that ends inside a frame, or before the last, was cut: its length is not known beforehand, so TCP alone would not tell.
 */
import type { ChunkName } from './digest.ts'

/** The most names that one request may hold. At 1 MiB a chunk, half a gigabyte before the server is asked again. */
export const maxBatchNames = 512

/** The longest frame that a reader takes in: the largest chunk allowed (16 MiB), grown by zstd's worst case. */
export const maxFrameBytes = 17 * 1024 * 1024

const nameBytes = 32
const headerBytes = 4
const missingMark = 0xffff_ffff

/** N × 32 bytes. */
export function encodeNames(names: readonly ChunkName[]): Uint8Array {
  const bytes = Buffer.alloc(names.length * nameBytes)
  for (const [index, name] of names.entries()) bytes.write(name, index * nameBytes, 'hex')
  return bytes
}

/** Undefined: not a whole number of names. */
export function parseNames(bytes: Uint8Array): readonly ChunkName[] | undefined {
  if (bytes.length % nameBytes !== 0) return undefined
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
  return Array.from(
    { length: bytes.length / nameBytes },
    (_, index) => hex.slice(index * 2 * nameBytes, (index + 1) * 2 * nameBytes) as ChunkName,
  )
}

/** The head of a frame; the chunk's bytes follow it as they are, so that they are not copied. Undefined: the chunk is missing. */
export function frameHeader(lengthBytes: number | undefined): Uint8Array {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt32LE(lengthBytes ?? missingMark)
  return header
}

export type BatchItem =
  | { readonly kind: 'chunk'; readonly name: ChunkName; readonly compressed: Uint8Array }
  | { readonly kind: 'missing'; readonly name: ChunkName }
  /** The last item, if not every name was answered, or more came than was asked for. */
  | { readonly kind: 'broken'; readonly why: 'cut' | 'frame-too-long' | 'surplus' }

/**
 * Reads the frames that answer `names`, one at a time: no more than one frame is held. Errors of the stream itself (a reset
 * connection) are thrown on; a stream that merely ends too early is `broken`.
 */
export async function* readBatch(
  stream: AsyncIterable<Uint8Array>,
  names: readonly ChunkName[],
): AsyncGenerator<BatchItem, void, undefined> {
  const header = Buffer.alloc(headerBytes)
  let headerFilled = 0
  let body: Buffer | undefined
  let bodyFilled = 0
  let answered = 0
  for await (const piece of stream) {
    let at = 0
    while (at < piece.length) {
      const name = names[answered]
      if (name === undefined) return yield { kind: 'broken', why: 'surplus' }
      if (body === undefined) {
        const taken = Math.min(headerBytes - headerFilled, piece.length - at)
        header.set(piece.subarray(at, at + taken), headerFilled)
        headerFilled += taken
        at += taken
        if (headerFilled < headerBytes) break
        headerFilled = 0
        const length = header.readUInt32LE()
        if (length === missingMark) {
          answered++
          yield { kind: 'missing', name }
          continue
        }
        if (length > maxFrameBytes) return yield { kind: 'broken', why: 'frame-too-long' }
        // Not from Node's pool: a frame lives on its own, and keeps no neighbour in memory.
        body = Buffer.allocUnsafeSlow(length)
        bodyFilled = 0
      }
      const taken = Math.min(body.length - bodyFilled, piece.length - at)
      body.set(piece.subarray(at, at + taken), bodyFilled)
      bodyFilled += taken
      at += taken
      if (bodyFilled === body.length) {
        const compressed = body
        body = undefined
        answered++
        yield { kind: 'chunk', name, compressed }
      }
    }
  }
  if (answered < names.length) yield { kind: 'broken', why: 'cut' }
}
