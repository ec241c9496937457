/** HTTP servers on loopback, and a wire between them and their clients that can be told to misbehave. */

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'
import type { Route } from '../../providers/imaging/route.ts'

export type Served = {
  readonly baseUrl: string
  readonly port: number
  /** `POST /store/batch`, in the order of their coming. */
  readonly requests: readonly string[]
  readonly headers: readonly Readonly<Record<string, string | string[] | undefined>>[]
  /** Connections that were ever made. */
  connections(): number
  open(): Promise<number>
}

export async function serve(t: ExecutionContext, routes: readonly Route[]): Promise<Served> {
  const requests: string[] = []
  const headers: Readonly<Record<string, string | string[] | undefined>>[] = []
  let connections = 0
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    headers.push(request.headers)
    const url = new URL(request.url ?? '/', 'http://site')
    const answered = async () => {
      for (const route of routes) if (await route(request, response, url)) return
      response.writeHead(404, { 'content-length': 0 }).end()
    }
    answered().catch((error: unknown) => {
      t.log(`a route failed: ${error instanceof Error ? error.stack : String(error)}`)
      response.destroy()
    })
  })
  server.on('connection', () => {
    connections++
  })
  const port = await listening(t, server)
  const open = () =>
    new Promise<number>((resolve, reject) =>
      server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    )
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    port,
    requests,
    headers,
    connections: () => connections,
    open,
  }
}

async function listening(t: ExecutionContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return portOf(server.address())
}

const portOf = (address: ReturnType<Server['address']>): number => {
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}

/** What happens to bytes from the server: passed on as returned, or the connection is cut, or nothing comes any more. */
export type Tamper = (bytes: Buffer, offset: number, connection: number) => Buffer | 'cut' | 'stall'

/** A TCP proxy; `offset` counts the server's bytes of one connection, `connection` from 0. */
export async function wire(t: ExecutionContext, port: number, tamper: Tamper): Promise<string> {
  const sockets = new Set<Socket>()
  let connections = 0
  const proxy = createTcpServer((client) => {
    const connection = connections++
    const server = connect(port, '127.0.0.1')
    for (const socket of [client, server]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        server.destroy()
      })
    }
    let offset = 0
    client.pipe(server)
    server.on('data', (bytes) => {
      const passed = tamper(bytes, offset, connection)
      offset += bytes.length
      if (passed === 'cut') client.destroy()
      else if (passed === 'stall') server.pause()
      else client.write(passed)
    })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    proxy.close()
  })
  return `http://127.0.0.1:${portOf(proxy.address())}`
}

/** A port at which nobody listens. */
export async function deadPort(): Promise<number> {
  const server = createTcpServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server.address())
  server.close()
  await once(server, 'close')
  return port
}

/** So that a failing test ends by itself: far more than anything here takes. */
export const patience = (): AbortSignal => AbortSignal.timeout(60_000)
