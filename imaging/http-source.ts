/**
 * The chunk source over HTTP: a site server as the imager sees it, an origin as a site server sees it.
 *
 * Networks of schools break: a connection that is lost, refused or silent is tried again with growing pauses, and goes on with what has
 * not come yet. A server that brings nothing new in `attempts` tries in a row is a value, `source-silent`. A server that says that it is
 * busy (503) lives: it is asked again without being counted.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeNames, maxBatchNames, maxFrameBytes, readBatch } from './batch.ts'
import type { ChunkName } from './digest.ts'
import {
  type Answered,
  type Ask,
  BodyLost,
  createExchange,
  type ExchangeOptions,
  retryAfterMs,
} from './http-exchange.ts'
import type { ChunkItem, ChunkSource, Fetched, SourceFailure } from './source.ts'
import { damaged, missing, refused, silent } from './source-failure.ts'
import {
  chunkPath,
  type ImageLabel,
  listPath,
  manifestPath,
  mapPath,
  pointerPath,
  signaturePath,
} from './store-paths.ts'

export type HttpSourceOptions = ExchangeOptions & {
  /** Names asked for in one request. */
  readonly batchNames?: number
  /** Tries in a row without any progress before it is given up. */
  readonly attempts?: number
  /** Pause before the first retry; doubles up to `pauseCapMs`. */
  readonly pauseMs?: number
  readonly pauseCapMs?: number
}

export type HttpSource = ChunkSource & {
  /** The digest that `names/<name>@<version>` points to, 64 hex digits. */
  pointer(label: ImageLabel, signal: AbortSignal): Promise<Fetched<string>>
  /** Closes the connections. */
  close(): void
}

/** Chunk list of a 4 TiB partition at 1 MiB; nothing that is fetched whole is larger. */
const listLimitBytes = 128 * 1024 * 1024
const manifestLimitBytes = 8 * 1024 * 1024
const smallLimitBytes = 4096

/** Files asked for at once where the server does not know the batch request. */
const singlesAhead = 8

export function createHttpSource(options: HttpSourceOptions): HttpSource {
  const exchange = createExchange(options)
  const batchNames = Math.min(options.batchNames ?? 256, maxBatchNames)
  const attempts = options.attempts ?? 6
  const pauseMs = options.pauseMs ?? 250
  const pauseCapMs = options.pauseCapMs ?? 5_000
  /** Any static web server or bucket can serve a store, but those answer no batch request. */
  let takesBatches = true

  /** Doubling pauses between tries in a row that bring nothing. */
  function patience(signal: AbortSignal) {
    let failures = 0
    return {
      progress: () => {
        failures = 0
      },
      /** Why to give up; undefined: the pause is over, try again. */
      async fail(detail: string): Promise<SourceFailure | undefined> {
        failures++
        signal.throwIfAborted()
        if (failures >= attempts) return silent(options.baseUrl, attempts, detail)
        await sleep(Math.min(pauseMs * 2 ** (failures - 1), pauseCapMs), undefined, { signal })
        return undefined
      },
      async busy(answered: Answered): Promise<undefined> {
        await sleep(retryAfterMs(answered), undefined, { signal })
      },
    }
  }

  /** Sends until there is an answer that says something: not busy, not a server error. */
  async function ask(
    what: Ask,
    signal: AbortSignal,
    trying: ReturnType<typeof patience>,
  ): Promise<Answered | SourceFailure> {
    for (;;) {
      signal.throwIfAborted()
      const reply = await exchange.send(what, signal)
      if (reply.kind === 'answered' && reply.status < 500 && reply.status !== 429) return reply
      if (reply.kind === 'answered') reply.discard()
      const failure =
        reply.kind === 'lost'
          ? await trying.fail(reply.detail)
          : reply.status === 503 || reply.status === 429
            ? await trying.busy(reply)
            : await trying.fail(`HTTP ${reply.status}`)
      if (failure !== undefined) return failure
    }
  }

  async function* chunks(
    names: readonly ChunkName[],
    signal: AbortSignal,
  ): AsyncGenerator<ChunkItem, void, undefined> {
    const trying = patience(signal)
    for (let next = 0; next < names.length; ) {
      if (!takesBatches) return yield* singles(names.slice(next), signal)
      const asked = names.slice(next, next + batchNames)
      const body = encodeNames(asked)
      const reply = await ask({ method: 'POST', path: '/store/batch', body, headers: octets }, signal, trying)
      if (!('kind' in reply)) return yield { failure: reply }
      if (reply.status !== 200) {
        reply.discard()
        takesBatches = !withoutBatches.has(reply.status)
        if (!takesBatches) continue
        return yield { failure: refused(options.baseUrl, '/store/batch', reply.status) }
      }
      let broken = ''
      try {
        for await (const item of readBatch(reply.body, asked)) {
          if (item.kind === 'broken') {
            broken = item.why
            break
          }
          trying.progress()
          next++
          yield item.kind === 'chunk'
            ? { name: item.name, compressed: item.compressed }
            : { name: item.name, missing: true }
        }
      } catch (error) {
        if (!(error instanceof BodyLost)) throw error
        broken = error.message
      }
      if (broken === '') continue
      const failure = await trying.fail(broken)
      if (failure !== undefined) return yield { failure }
    }
  }

  /** Chunk by chunk, a few at a time, in order. */
  async function* singles(
    names: readonly ChunkName[],
    signal: AbortSignal,
  ): AsyncGenerator<ChunkItem, void, undefined> {
    const leaving = new AbortController()
    const either = AbortSignal.any([signal, leaving.signal])
    const ahead: { readonly name: ChunkName; readonly fetched: Promise<Settled> }[] = []
    let next = 0
    try {
      for (;;) {
        for (; ahead.length < singlesAhead && next < names.length; next++) {
          const name = names[next]
          if (name !== undefined) {
            ahead.push({ name, fetched: settled(file(`/store/${chunkPath(name)}`, maxFrameBytes, either)) })
          }
        }
        const head = ahead.shift()
        if (head === undefined) return
        const fetched = await head.fetched
        if (!('ok' in fetched)) throw fetched.thrown
        if (fetched.ok) yield { name: head.name, compressed: fetched.value }
        else if (fetched.code === 'missing') yield { name: head.name, missing: true }
        else return yield { failure: fetched }
      }
    } finally {
      leaving.abort()
      await Promise.all(ahead.map(({ fetched }) => fetched))
    }
  }

  /** One file whole. What was there when the connection broke is kept: the rest is asked for as a range of the same version. */
  async function file(path: string, limitBytes: number, signal: AbortSignal): Promise<Fetched<Uint8Array>> {
    const trying = patience(signal)
    let parts: Uint8Array[] = []
    let have = 0
    let etag: string | undefined
    for (;;) {
      const headers = have > 0 && etag !== undefined ? { range: `bytes=${have}-`, 'if-range': etag } : {}
      const reply = await ask({ method: 'GET', path, headers }, signal, trying)
      if (!('kind' in reply)) return reply
      const goesOn =
        reply.status === 206 && reply.headers['content-range']?.startsWith(`bytes ${have}-`) === true
      if (!goesOn) {
        parts = []
        have = 0
      }
      if (reply.status !== 200 && !goesOn) {
        reply.discard()
        if (reply.status === 404 || reply.status === 410) return missing(options.baseUrl, path)
        // The file changed under us, or the server counts otherwise: from the start, as a try that failed.
        if (reply.status !== 206 && reply.status !== 416) return refused(options.baseUrl, path, reply.status)
        etag = undefined
        const failure = await trying.fail(`HTTP ${reply.status}`)
        if (failure !== undefined) return failure
        continue
      }
      etag = strongEtag(reply)
      try {
        for await (const piece of reply.body) {
          trying.progress()
          have += piece.length
          if (have > limitBytes) return refused(options.baseUrl, path, reply.status)
          parts.push(piece)
        }
        return { ok: true, value: Buffer.concat(parts) }
      } catch (error) {
        if (!(error instanceof BodyLost)) throw error
        const failure = await trying.fail(error.message)
        if (failure !== undefined) return failure
      }
    }
  }

  async function checked(
    path: string,
    digest: string,
    limitBytes: number,
    signal: AbortSignal,
  ): Promise<Fetched<Uint8Array>> {
    const fetched = await file(path, limitBytes, signal)
    if (!fetched.ok) return fetched
    const found = createHash('sha256').update(fetched.value).digest('hex')
    return found === digest ? fetched : damaged(options.baseUrl, path)
  }

  return {
    chunks,
    list: (digest, signal) => checked(`/store/${listPath(digest)}`, digest, listLimitBytes, signal),
    map: (digest, signal) => checked(`/store/${mapPath(digest)}`, digest, listLimitBytes, signal),
    async manifest(digest, signal) {
      const bytes = await checked(`/store/${manifestPath(digest)}`, digest, manifestLimitBytes, signal)
      if (!bytes.ok) return bytes
      const signature = await file(`/store/${signaturePath(digest)}`, smallLimitBytes, signal)
      if (!signature.ok) return signature
      return {
        ok: true,
        value: { bytes: bytes.value, signature: Buffer.from(signature.value).toString('utf8').trim() },
      }
    },
    async pointer(label, signal) {
      const path = `/store/${pointerPath(label)}`
      const fetched = await file(path, smallLimitBytes, signal)
      if (!fetched.ok) return fetched
      const digest = Buffer.from(fetched.value).toString('utf8').trim()
      return /^[0-9a-f]{64}$/.test(digest) ? { ok: true, value: digest } : damaged(options.baseUrl, path)
    },
    close: () => exchange.close(),
  }
}

type Settled = Fetched<Uint8Array> | { readonly thrown: unknown }

/** A rejection (an abort) that waits for its turn: nobody may be looking when it comes. */
const settled = (promise: Promise<Fetched<Uint8Array>>): Promise<Settled> =>
  promise.catch((thrown: unknown) => ({ thrown }))

const octets = { 'content-type': 'application/octet-stream' }

/** What servers of plain files say to a POST: not found, not allowed, not implemented. */
const withoutBatches: ReadonlySet<number> = new Set([403, 404, 405, 501])

const strongEtag = (reply: Answered): string | undefined => {
  const etag = reply.headers.etag
  return etag === undefined || etag.startsWith('W/') ? undefined : etag
}
