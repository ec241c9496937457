/**
 * One HTTP request and its response, with time limits that find a dead server in seconds, on connections that are kept. Node's own
 * client only: it is bundled into the ramdisk. What goes wrong is a value; the body's iterator throws `BodyLost`, since a stream has
 * no other way to say that it broke, and who reads it catches just that.
 */
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'

export type ExchangeOptions = {
  /** What paths are appended to: `http://10.25.11.5:8080`. */
  readonly baseUrl: string
  /** A server that does not take a connection in this time is dead. */
  readonly connectMs?: number
  /** A server that sends nothing for this time, while we wait for it, is dead. */
  readonly idleMs?: number
  readonly connections?: number
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>
  /** Told of each piece of a body before it is used, and waited for: a bandwidth limit lives here. */
  readonly onBytes?: (bytes: number, signal: AbortSignal) => Promise<void> | void
}

export type Ask = {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

export type Lost = {
  readonly kind: 'lost'
  readonly why: 'connect-timeout' | 'idle-timeout' | 'connection-lost' | 'aborted'
  readonly detail: string
}

export type Answered = {
  readonly kind: 'answered'
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** To be read to its end, left by `break`, or discarded: else the connection stays taken. Throws `BodyLost`. */
  readonly body: AsyncIterable<Uint8Array>
  discard(): void
}

export class BodyLost extends Error {
  readonly why: Lost['why']
  constructor(why: Lost['why'], detail: string) {
    super(detail)
    this.name = 'BodyLost'
    this.why = why
  }
}

export type Exchange = {
  send(ask: Ask, signal: AbortSignal): Promise<Answered | Lost>
  /** Closes the connections. */
  close(): void
}

export function createExchange(options: ExchangeOptions): Exchange {
  const base = new URL(options.baseUrl)
  const secure = base.protocol === 'https:'
  const prefix = base.pathname.replace(/\/$/, '')
  const connectMs = options.connectMs ?? 5_000
  const idleMs = options.idleMs ?? 15_000
  const pool = { keepAlive: true, maxSockets: options.connections ?? 8, scheduling: 'lifo' } as const
  const agent = secure ? new SecureAgent(pool) : new Agent(pool)

  function once(ask: Ask, signal: AbortSignal): Promise<Answered | (Lost & { readonly stale: boolean })> {
    return new Promise((resolve) => {
      let why: Lost['why'] = 'connection-lost'
      const message = (secure ? secureRequest : request)(new URL(`${base.origin}${prefix}${ask.path}`), {
        method: ask.method,
        agent,
        headers: {
          ...options.headers,
          ...ask.headers,
          ...(ask.body === undefined ? {} : { 'content-length': Buffer.byteLength(ask.body) }),
        },
      })
      const abort = () => {
        why = 'aborted'
        message.destroy(new Error('aborted'))
      }
      const expire = (as: Lost['why'], afterMs: number) =>
        setTimeout(() => {
          why = as
          message.destroy(new Error(`${as} after ${afterMs} ms`))
        }, afterMs)
      let timer: NodeJS.Timeout | undefined
      const connected = () => {
        clearTimeout(timer)
        timer = expire('idle-timeout', idleMs)
      }
      // From here on only: a request that waits for one of our own connections is not waiting for the server.
      message.once('socket', (socket) => {
        if (!socket.connecting) return connected()
        timer = expire('connect-timeout', connectMs)
        socket.once(secure ? 'secureConnect' : 'connect', connected)
      })
      // A large body that the server takes in is life, too.
      message.on('drain', () => timer?.refresh())
      message.on('error', (error) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        const stale = message.reusedSocket && why === 'connection-lost'
        resolve({ kind: 'lost', why, detail: error.message, stale })
      })
      message.once('response', (response) => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        resolve({
          kind: 'answered',
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: pieces(response, signal, idleMs, options.onBytes),
          discard: () => drop(response, idleMs),
        })
      })
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort, { once: true })
      message.end(ask.body)
    })
  }

  return {
    async send(ask, signal) {
      const first = await once(ask, signal)
      // The server closed an idle connection at the moment when we took it again: nobody's fault, and nothing was done.
      return first.kind === 'lost' && first.stale ? once(ask, signal) : first
    },
    close: () => agent.destroy(),
  }
}

/** What is as short as our answers are is read to its end, which keeps the connection; anything else is cut off. */
function drop(response: IncomingMessage, idleMs: number): void {
  const empty = response.statusCode === 204 || response.statusCode === 304
  const length = empty ? 0 : Number(response.headers['content-length'] ?? Number.POSITIVE_INFINITY)
  if (length > shortBytes) return void response.destroy()
  const timer = setTimeout(() => response.destroy(), idleMs)
  response.once('close', () => clearTimeout(timer))
  response.resume()
}

const shortBytes = 64 * 1024

/** The body's pieces. Only the time that we wait for the server counts as its silence, not the time that our disk takes. */
async function* pieces(
  response: IncomingMessage,
  signal: AbortSignal,
  idleMs: number,
  onBytes: ExchangeOptions['onBytes'],
): AsyncGenerator<Uint8Array, void, undefined> {
  let why: Lost['why'] = 'connection-lost'
  let waiting = false
  const timer = setTimeout(() => {
    if (!waiting) return
    why = 'idle-timeout'
    response.destroy(new Error(`idle-timeout after ${idleMs} ms`))
  }, idleMs)
  const abort = () => {
    why = 'aborted'
    response.destroy(new Error('aborted'))
  }
  if (signal.aborted) abort()
  else signal.addEventListener('abort', abort, { once: true })
  const reader = response[Symbol.asyncIterator]()
  try {
    for (;;) {
      timer.refresh()
      waiting = true
      const piece = await next(reader, () => why)
      waiting = false
      if (piece === undefined) break
      await onBytes?.(piece.length, signal)
      yield piece
    }
    if (!response.complete) throw new BodyLost('connection-lost', 'the response ended early')
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    response.destroy()
  }
}

async function next(
  reader: AsyncIterator<Uint8Array>,
  why: () => Lost['why'],
): Promise<Uint8Array | undefined> {
  try {
    const result = await reader.next()
    return result.done === true ? undefined : result.value
  } catch (error) {
    throw new BodyLost(why(), error instanceof Error ? error.message : String(error))
  }
}

/** When a busy server wants to be asked again (`Retry-After` in seconds): one second where it does not say, half a minute at most. */
export const retryAfterMs = (reply: Answered): number => {
  const seconds = Number(reply.headers['retry-after'] ?? 1)
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0.2), 30) * 1000 : 1000
}
