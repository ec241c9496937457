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
      response.once('close', () => {
        if (socket.destroyed) return
        const timer = setTimeout(() => socket.resetAndDestroy(), idleMs)
        timer.unref()
        idle.set(socket, timer)
      })
    },
    forget: (address, except) => {
      for (const socket of open.get(address) ?? []) if (socket !== except) socket.resetAndDestroy()
    },
  }
}

/** IPv4 in IPv6 clothes, as a server that listens on both sees it, is the same PC. */
export const plainAddress = (socket: Socket): string => (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
