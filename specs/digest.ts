import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Digest } from './ids.ts'

/** `sha256:<64 hex digits>` of a text's UTF-8 bytes, or of bytes. */
export const digestOf = (content: string | Uint8Array): Digest =>
  `sha256:${bytesToHex(sha256(typeof content === 'string' ? utf8ToBytes(content) : content))}` as Digest

/** Of plain JSON data. The caller builds it with its keys in a fixed order: equal data give equal bytes. */
export const digestOfJson = (value: unknown): Digest => digestOf(JSON.stringify(value))

/** Of a sequence. Each part is preceded by its length: moving bytes from one part to the next gives another digest. */
export function digestOfParts(parts: readonly (string | Uint8Array)[]): Digest {
  const hash = sha256.create()
  for (const part of parts) {
    const bytes = typeof part === 'string' ? utf8ToBytes(part) : part
    hash.update(utf8ToBytes(`${bytes.length}:`))
    hash.update(bytes)
  }
  return `sha256:${bytesToHex(hash.digest())}` as Digest
}
