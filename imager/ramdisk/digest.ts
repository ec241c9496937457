import { createHash } from 'node:crypto'

/** SHA-256 of a value's JSON: the same value, in the same order, the same 64 hex digits. */
export const digestOf = (value: unknown): string => sha256(Buffer.from(JSON.stringify(value)))

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
