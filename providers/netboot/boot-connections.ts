/** The connections of boot programs, which are only ever ended by the client or by a reset (routes.ts says why). */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export type BootConnections = {
  /** A boot program's request came on this connection; from the end of its answer on, it may be idle for only so long. */
  readonly take: (socket: Socket, response: ServerResponse) => void
  /** Resets what this PC has open, but for the connection it speaks on now. */
  readonly forget: (address: string, except?: Socket) => void
}

export function bootConnections(idleMs: number): BootConnections {
  const open = new Map<string, Set<Socket>>()
  const idle = new WeakMap<Socket, NodeJS.Timeout>()

  const remember = (socket: Socket): void => {
    const address = plainAddress(socket)
    const known = open.get(address) ?? new Set()
    if (known.has(socket)) return
    known.add(socket)
    open.set(address, known)
    socket.once('close', () => {
      clearTimeout(idle.get(socket))
      known.delete(socket)
      if (known.size === 0 && open.get(address) === known) open.delete(address)
    })
  }
  return {
    take: (socket, response) => {
      remember(socket)
      clearTimeout(idle.get(socket))
      const before = socket.bytesWritten
      response.once('close', () => {
        if (socket.destroyed) return
        const timer = setTimeout(() => reset(socket), idleMs + onItsWayMs(socket.bytesWritten - before))
        timer.unref()
        idle.set(socket, timer)
      })
    },
    forget: (address, except) => {
      for (const socket of open.get(address) ?? []) if (socket !== except) reset(socket)
    },
  }
}

/**
 * How long the end of an answer may still be on its way. It counts as sent when the kernel has it, whose buffers hold some megabytes (Linux'
 * `tcp_wmem` and `tcp_rmem`: 4 and 6); a reset would throw them away under a PC that is slow or has a slow link.
 */
const onItsWayMs = (sentBytes: number): number =>
  (Math.min(sentBytes, buffersBytes) / slowestBytesPerSecond) * 1000
const buffersBytes = 10 * 1024 * 1024
const slowestBytesPerSecond = 128 * 1024

/** Behind a socket of this machine (a proxy's) there is no TCP connection to be reset. */
const reset = (socket: Socket): void => {
  if (socket.remoteAddress === undefined) socket.destroy()
  else socket.resetAndDestroy()
}

/** IPv4 in IPv6 clothes, as a server that listens on both sees it, is the same PC. */
export const plainAddress = (socket: Socket): string => (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
