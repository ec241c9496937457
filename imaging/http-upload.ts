/**
 * What a capture sends to a site server: asks which chunks it lacks, and sends those. Every request carries the job's token. Sending
 * the same thing again is harmless (its name is its content), so that a lost connection is simply tried again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeNames, maxBatchNames, parseNames } from './batch.ts'
import type { ChunkListDigest, ChunkName, UsedMapDigest } from './digest.ts'
import { type Ask, BodyLost, createExchange, type ExchangeOptions, retryAfterMs } from './http-exchange.ts'
import type { SourceFailure } from './source.ts'
import { full, refused, silent } from './source-failure.ts'
import { chunkPath, listPath, mapPath } from './store-paths.ts'

export type UploadFailure = SourceFailure | ReturnType<typeof full>
export type Uploaded<T> = { readonly ok: true; readonly value: T } | UploadFailure

export type HttpUpload = {
  /** Those of the names that the server does not have. */
  missing(names: readonly ChunkName[], signal: AbortSignal): Promise<Uploaded<readonly ChunkName[]>>
  putChunk(name: ChunkName, compressed: Uint8Array, signal: AbortSignal): Promise<Uploaded<undefined>>
  putList(digest: ChunkListDigest, bytes: Uint8Array, signal: AbortSignal): Promise<Uploaded<undefined>>
  putMap(digest: UsedMapDigest, bytes: Uint8Array, signal: AbortSignal): Promise<Uploaded<undefined>>
  close(): void
}

export type HttpUploadOptions = ExchangeOptions & {
  /** `Job.token`. */
  readonly token: string
  /** Tries in a row that fail before it is given up, and the first pause between them (doubling, 5 s at most). */
  readonly attempts?: number
  readonly pauseMs?: number
}

export function createHttpUpload(options: HttpUploadOptions): HttpUpload {
  const exchange = createExchange({
    ...options,
    headers: { ...options.headers, authorization: `Bearer ${options.token}` },
  })
  const attempts = options.attempts ?? 6
  const pauseMs = options.pauseMs ?? 250

  async function send(what: Ask, signal: AbortSignal): Promise<Uploaded<Uint8Array>> {
    let failures = 0
    let waitedMs = 0
    for (;;) {
      signal.throwIfAborted()
      const reply = await exchange.send(what, signal)
      let detail = reply.kind === 'lost' ? reply.detail : `HTTP ${reply.status}`
      if (reply.kind === 'answered') {
        if (reply.status === 200 || reply.status === 204) {
          try {
            return { ok: true, value: await whole(reply.body) }
          } catch (error) {
            if (!(error instanceof BodyLost)) throw error
            detail = error.message
          }
        } else {
          reply.discard()
          if (reply.status === 507) return full(options.baseUrl)
          if (reply.status < 500 && reply.status !== 429)
            return refused(options.baseUrl, what.path, reply.status)
          // It lives, and says when to ask again: it is busy, or was restarted and is still told of our job.
          if (reply.status === 503 && waitedMs < mostWaitMs) {
            const ms = retryAfterMs(reply)
            await sleep(ms, undefined, { signal })
            waitedMs += ms
            continue
          }
        }
      }
      failures++
      if (failures >= attempts) return silent(options.baseUrl, attempts, detail)
      await sleep(Math.min(pauseMs * 2 ** (failures - 1), 5_000), undefined, { signal })
    }
  }

  async function put(path: string, body: Uint8Array, signal: AbortSignal): Promise<Uploaded<undefined>> {
    const sent = await send({ method: 'PUT', path: `/store/${path}`, body, headers: octets }, signal)
    return sent.ok ? { ok: true, value: undefined } : sent
  }

  return {
    async missing(names, signal) {
      const lacking: ChunkName[] = []
      for (let from = 0; from < names.length; from += maxBatchNames) {
        const body = encodeNames(names.slice(from, from + maxBatchNames))
        const sent = await send({ method: 'POST', path: '/store/missing', body, headers: octets }, signal)
        if (!sent.ok) return sent
        const some = parseNames(sent.value)
        if (some === undefined) return refused(options.baseUrl, '/store/missing', 200)
        lacking.push(...some)
      }
      return { ok: true, value: lacking }
    },
    putChunk: (name, compressed, signal) => put(chunkPath(name), compressed, signal),
    putList: (digest, bytes, signal) => put(listPath(digest), bytes, signal),
    putMap: (digest, bytes, signal) => put(mapPath(digest), bytes, signal),
    close: () => exchange.close(),
  }
}

/** How long a server that lives may put us off in all. */
const mostWaitMs = 5 * 60_000

const octets = { 'content-type': 'application/octet-stream' }

async function whole(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts)
}
