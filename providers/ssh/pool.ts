/**
 * Keeps one connection for each machine and shares it: a handshake costs a PC's CPU more than the commands do. A connection that
 * nobody uses is closed after a while; how many machines are worked on at once is bounded.
 */
import {
  type Connection,
  type ConnectLimits,
  type Credentials,
  connect,
  defaultConnectLimits,
  type Endpoint,
} from './connection.ts'
import { type Command, type Executed, execute } from './exec.ts'
import { abandoned, type Unreached } from './reach.ts'
import { type Slots, slots } from './slots.ts'

export type PoolLimits = ConnectLimits & {
  readonly idleMs: number
  /** Machines that are worked on at the same time; the others wait. */
  readonly concurrency: number
  /** Commands at once on one connection. OpenSSH's MaxSessions is 10, and on a busy PC one that ended counts for a moment more. */
  readonly channels: number
}

export const defaultPoolLimits: PoolLimits = {
  ...defaultConnectLimits,
  idleMs: 60_000,
  concurrency: 64,
  channels: 4,
}

export type Pool = {
  run(endpoint: Endpoint, command: Command, signal: AbortSignal): Promise<Executed | Unreached>
  /** Connects (or finds the connection) and runs nothing: does the machine let us in? */
  reach(endpoint: Endpoint, signal: AbortSignal): Promise<Unreached | undefined>
  close(): Promise<void>
}

type Entry = {
  readonly connecting: Promise<Connection | Unreached>
  readonly channels: Slots
  users: number
  idle?: NodeJS.Timeout
}

export function createPool(credentials: Credentials, limits: PoolLimits): Pool {
  const entries = new Map<string, Entry>()
  /** Also those that are given up and still serve somebody. */
  const alive = new Set<Entry>()
  const machines = slots(limits.concurrency)
  const closing = new AbortController()

  function enter(endpoint: Endpoint): Entry {
    const key = keyOf(endpoint)
    const known = entries.get(key)
    if (known !== undefined) return known
    const entry: Entry = {
      // Not the caller's signal: another caller may be waiting for the same connection.
      connecting: connect(endpoint, credentials, limits, closing.signal),
      channels: slots(limits.channels),
      users: 0,
    }
    entries.set(key, entry)
    alive.add(entry)
    const forget = () => {
      giveUp(endpoint, entry)
      alive.delete(entry)
      clearTimeout(entry.idle)
    }
    entry.connecting.then((connection) => {
      if (connection.kind === 'connected') connection.onClose(forget)
      else forget()
    }, forget)
    return entry
  }

  function giveUp(endpoint: Endpoint, entry: Entry): void {
    if (entries.get(keyOf(endpoint)) === entry) entries.delete(keyOf(endpoint))
  }

  async function using<Result>(
    endpoint: Endpoint,
    signal: AbortSignal,
    work: (connection: Connection, entry: Entry) => Promise<Result>,
  ): Promise<Result | Unreached> {
    const release = await machines.take(signal)
    if (release === undefined) return abandoned(endpoint.machine)
    const entry = enter(endpoint)
    entry.users++
    clearTimeout(entry.idle)
    try {
      const connection = await orAborted(entry.connecting, endpoint, signal)
      return connection.kind === 'connected' ? await work(connection, entry) : connection
    } finally {
      entry.users--
      release()
      if (entry.users === 0) closeWhenIdle(entry)
    }
  }

  function closeWhenIdle(entry: Entry): void {
    entry.idle = setTimeout(() => {
      entry.connecting.then((connection) => {
        if (entry.users === 0 && connection.kind === 'connected') connection.close()
      })
    }, limits.idleMs)
    entry.idle.unref()
  }

  async function run(
    endpoint: Endpoint,
    command: Command,
    signal: AbortSignal,
  ): Promise<Executed | Unreached> {
    return using(endpoint, signal, async (connection, entry) => {
      const release = await entry.channels.take(signal)
      if (release === undefined) return abandoned(endpoint.machine)
      try {
        const executed = await execute(connection, command, signal)
        if (executed.kind === 'not-started') giveUp(endpoint, entry)
        return executed
      } finally {
        release()
      }
    })
  }

  return {
    async run(endpoint, command, signal) {
      const first = await run(endpoint, command, signal)
      // A kept connection may have died unnoticed (the PC restarted): nothing was started, so a fresh one is tried, once.
      return first.kind === 'not-started' && !signal.aborted ? run(endpoint, command, signal) : first
    },
    async reach(endpoint, signal) {
      const found = await using(endpoint, signal, async () => undefined)
      return found
    },
    async close() {
      closing.abort()
      const connections = await Promise.all([...alive].map((entry) => entry.connecting))
      await Promise.all(
        connections.map(
          (connection) =>
            new Promise<void>((resolve) => {
              if (connection.kind !== 'connected') return resolve()
              connection.onClose(resolve)
              connection.client.destroy()
            }),
        ),
      )
    },
  }
}

const keyOf = (endpoint: Endpoint): string =>
  [endpoint.machine, endpoint.host, endpoint.port, endpoint.user, endpoint.hostKey ?? ''].join('\n')

function orAborted(
  connecting: Promise<Connection | Unreached>,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<Connection | Unreached> {
  return new Promise((resolve, reject) => {
    const leave = () => resolve(abandoned(endpoint.machine))
    signal.addEventListener('abort', leave, { once: true })
    connecting.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
