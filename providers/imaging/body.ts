/** Request bodies of a known most size, and plain answers. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Text } from '../../specs/text.ts'

export type Body =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'too-long' }
  /** The client went away. */
  | { readonly kind: 'cut' }

/** Holds no more than `limitBytes`; a body that says beforehand that it is longer is not read at all. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Body> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return { kind: 'too-long' }
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of request) {
      if (!Buffer.isBuffer(part)) throw new Error('a request body without encoding has bytes')
      size += part.length
      if (size > limitBytes) return { kind: 'too-long' }
      parts.push(part)
    }
  } catch (error) {
    if (request.complete || !(error instanceof Error) || !('code' in error)) throw error
    return { kind: 'cut' }
  }
  return { kind: 'whole', bytes: Buffer.concat(parts) }
}

/** An answer in JSON; `connection: close` where the request's body was not read to its end. */
export function answerJson(response: ServerResponse, status: number, value: unknown, close = false): void {
  answer(response, status, 'application/json; charset=utf-8', JSON.stringify(value), close)
}

/** What went wrong, for a program (`code`) and a person (`message`, in both languages). */
export function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message: Text,
  close = false,
): void {
  answerJson(response, status, { code, message }, close)
}

export function answerEmpty(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 })
  response.end()
}

export function answer(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
  close = false,
): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(close ? { connection: 'close' } : {}),
  })
  response.end(body)
}
