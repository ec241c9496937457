/** One authenticated SSH connection to one machine, or the reason why there is none. */
import { Socket } from 'node:net'
import { Client, type ServerHostKeyAlgorithm, type SyncHostVerifier } from 'ssh2'
import type { MachineId } from '../../reconciler/model/ids.ts'
import { fingerprintOf, type HostKeyPins, judgeHostKey } from './host-key.ts'
import {
  abandoned,
  connectFailure,
  handshakeFailed,
  handshakeStuck,
  isPresent,
  loginRefused,
  type Unreached,
} from './reach.ts'

/** Whom to connect to, and how it is known. */
export type Endpoint = {
  readonly machine: MachineId
  readonly host: string
  readonly port: number
  readonly user: string
  /** The spec's fingerprint: it goes before the pins. */
  readonly hostKey?: string
  readonly firstContact: 'refuse' | 'pin'
}

export type Credentials = { readonly privateKey: string | Uint8Array; readonly pins: HostKeyPins }

export type ConnectLimits = {
  /** For TCP alone: a PC that is off answers nothing, and a lycée's worth of them must not hold up the rest. */
  readonly connectTimeoutMs: number
  /** From the TCP connection to being logged in. */
  readonly handshakeTimeoutMs: number
  readonly keepaliveMs: number
  readonly keepaliveMisses: number
}

export const defaultConnectLimits: ConnectLimits = {
  connectTimeoutMs: 5_000,
  handshakeTimeoutMs: 20_000,
  keepaliveMs: 10_000,
  keepaliveMisses: 3,
}

export type Connection = {
  readonly kind: 'connected'
  readonly client: Client
  readonly fingerprint: string
  isOpen(): boolean
  /** Calls back once when the connection has ended, for whatever reason; at once if it has already. Returns how to stop listening. */
  onClose(listener: () => void): () => void
  close(): void
}

/**
 * Host key algorithms by family. A server shows the first kind of key that the client asks for; a pin of another kind of its
 * keys would then look like a changed key, so that a mismatch is asked again for each family before it is believed.
 */
const keyFamilies: readonly (readonly ServerHostKeyAlgorithm[])[] = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256'],
]

export async function connect(
  endpoint: Endpoint,
  credentials: Credentials,
  limits: ConnectLimits,
  signal: AbortSignal,
): Promise<Connection | Unreached> {
  const expected = endpoint.hostKey ?? (await credentials.pins.get(endpoint.machine))
  const first = await handshake(endpoint, credentials, expected, keyFamilies.flat(), limits, signal)
  if (first.kind === 'connected' || first.reason.code !== 'host-key-changed') return first
  for (const family of keyFamilies) {
    const other = await handshake(endpoint, credentials, expected, family, limits, signal)
    if (other.kind === 'connected') return other
  }
  return first
}

/** The fingerprint that a machine shows now, without logging in: for a person to compare and confirm. */
export async function readHostKey(
  endpoint: Pick<Endpoint, 'machine' | 'host' | 'port'>,
  limits: ConnectLimits,
  signal: AbortSignal,
): Promise<{ readonly kind: 'host-key'; readonly fingerprint: string } | Unreached> {
  const nobody: HostKeyPins = { get: async () => undefined, pin: async () => {} }
  const seen = await handshake(
    { ...endpoint, user: 'root', firstContact: 'refuse' },
    { privateKey: '', pins: nobody },
    undefined,
    keyFamilies.flat(),
    limits,
    signal,
  )
  if (
    seen.kind === 'unreached' &&
    seen.reason.code === 'host-key-unknown' &&
    seen.reason.detail !== undefined
  ) {
    return { kind: 'host-key', fingerprint: seen.reason.detail }
  }
  if (seen.kind === 'unreached') return seen
  seen.close()
  return { kind: 'host-key', fingerprint: seen.fingerprint }
}

async function handshake(
  endpoint: Endpoint,
  credentials: Credentials,
  expected: string | undefined,
  algorithms: readonly ServerHostKeyAlgorithm[],
  limits: ConnectLimits,
  signal: AbortSignal,
): Promise<Connection | Unreached> {
  const socket = await openSocket(endpoint, limits, signal)
  if (!(socket instanceof Socket)) return socket
  return login(socket, endpoint, credentials, expected, algorithms, limits, signal)
}

async function openSocket(
  endpoint: Endpoint,
  limits: ConnectLimits,
  signal: AbortSignal,
): Promise<Socket | Unreached> {
  if (signal.aborted) return abandoned(endpoint.machine)
  const at = `${endpoint.host}:${endpoint.port}`
  const socket = new Socket()
  const code = await new Promise<string | undefined>((resolve) => {
    const giveUp = () => resolve('ABORTED')
    signal.addEventListener('abort', giveUp, { once: true })
    socket.setTimeout(limits.connectTimeoutMs, () => resolve('ETIMEDOUT'))
    socket.once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    socket.connect({ host: endpoint.host, port: endpoint.port, noDelay: true }, () => {
      signal.removeEventListener('abort', giveUp)
      resolve(undefined)
    })
  })
  if (code === undefined) {
    socket.setTimeout(0)
    return socket
  }
  // A late error of a socket that was given up must find a listener.
  socket.on('error', () => socket.destroy())
  socket.destroy()
  if (code === 'ABORTED') return abandoned(endpoint.machine)
  const present = code === 'ETIMEDOUT' && (await isPresent(endpoint.host, signal))
  return connectFailure(endpoint.machine, at, code, present)
}

function login(
  socket: Socket,
  endpoint: Endpoint,
  credentials: Credentials,
  expected: string | undefined,
  algorithms: readonly ServerHostKeyAlgorithm[],
  limits: ConnectLimits,
  signal: AbortSignal,
): Promise<Connection | Unreached> {
  const at = `${endpoint.host}:${endpoint.port}`
  const client = new Client()
  return new Promise((resolve) => {
    let refusal: Unreached | undefined
    let fingerprint = ''
    let firstKey = false

    const settle = (result: Connection | Unreached) => {
      signal.removeEventListener('abort', giveUp)
      if (result.kind === 'unreached') {
        client.destroy()
        socket.destroy()
      }
      resolve(result)
    }
    const giveUp = () => settle(abandoned(endpoint.machine))
    signal.addEventListener('abort', giveUp, { once: true })

    const verify: SyncHostVerifier = (key) => {
      fingerprint = fingerprintOf(key)
      const verdict = judgeHostKey(endpoint.machine, fingerprint, expected, endpoint.firstContact)
      if (verdict.kind === 'unknown' || verdict.kind === 'changed') {
        refusal = { kind: 'unreached', reach: 'silent', class: 'terminal', reason: verdict.reason }
        return false
      }
      firstKey = verdict.kind === 'pin'
      return true
    }

    client.on('error', (error) => settle(refusal ?? loginFailure(error, endpoint, at)))
    client.on('close', () => settle(refusal ?? handshakeFailed(endpoint.machine, at, 'connection closed')))
    client.once('ready', () => {
      const connection = connected(client, fingerprint)
      if (!firstKey) return settle(connection)
      // Remembered only once the login has shown that both sides mean each other, and before anything is run.
      credentials.pins.pin(endpoint.machine, fingerprint).then(
        () => settle(connection),
        (error: unknown) => {
          client.destroy()
          settle(handshakeFailed(endpoint.machine, at, `pin: ${String(error)}`))
        },
      )
    })
    client.connect({
      sock: socket,
      username: endpoint.user,
      ...(credentials.privateKey.length === 0 ? {} : { privateKey: keyText(credentials.privateKey) }),
      hostVerifier: verify,
      algorithms: { serverHostKey: [...algorithms] },
      readyTimeout: limits.handshakeTimeoutMs,
      keepaliveInterval: limits.keepaliveMs,
      keepaliveCountMax: limits.keepaliveMisses,
    })
  })
}

const keyText = (key: string | Uint8Array): string | Buffer =>
  typeof key === 'string' ? key : Buffer.from(key)

function connected(client: Client, fingerprint: string): Connection {
  let open = true
  const listeners = new Set<() => void>()
  client.once('close', () => {
    open = false
    for (const listener of listeners) listener()
  })
  return {
    kind: 'connected',
    client,
    fingerprint,
    isOpen: () => open,
    onClose(listener) {
      if (open) listeners.add(listener)
      else listener()
      return () => void listeners.delete(listener)
    },
    close: () => void client.end(),
  }
}

function loginFailure(error: Error & { readonly level?: string }, endpoint: Endpoint, at: string): Unreached {
  switch (error.level) {
    case 'client-authentication':
      return loginRefused(endpoint.machine, endpoint.user)
    case 'client-timeout':
      return handshakeStuck(endpoint.machine, at)
    default:
      return handshakeFailed(endpoint.machine, at, error.message)
  }
}
