/**
 * Serves the lab's package repository over HTTP from inside the lab, and fails on order. Its arguments: address and folder. Orders
 * come and answers go over Node's own channel; it ends with it.
 */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join, normalize } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * `stopped`: connections are refused. `slow`: each download at this pace. `cut`: the connection is reset after so many
 * bytes of a package. `missing`: packages are answered with 404, the index still names them.
 */
export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'missing' }

export type Served = {
  readonly client: string
  readonly path: string
  readonly status: number
  readonly bytes: number
}

export type ServerMessage =
  | { readonly kind: 'listening'; readonly port: number }
  /** The fault ordered last is in force. */
  | { readonly kind: 'fault' }
  | { readonly kind: 'served'; readonly served: Served }

const [, , address = '', folder = ''] = process.argv
const SLICES_PER_SECOND = 20
let fault: Fault = { kind: 'none' }
let port = 0
const sockets = new Set<Socket>()

const tell = (message: ServerMessage): void => {
  process.send?.(message)
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://lab').pathname))
  const file = join(folder, path)
  const size = await stat(file).then(
    (found) => (found.isFile() ? found.size : undefined),
    () => undefined,
  )
  const client = request.socket.remoteAddress ?? ''
  const isPackage = path.endsWith('.deb')
  if (size === undefined || (fault.kind === 'missing' && isPackage)) {
    response.writeHead(404, { 'content-length': 0 }).end()
    tell({ kind: 'served', served: { client, path, status: 404, bytes: 0 } })
    return
  }
  response.writeHead(200, { 'content-length': size, 'content-type': 'application/octet-stream' })
  let bytes = 0
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      void pass(chunk, isPackage).then(() => done(), done)
    },
  })
  const pass = async (chunk: Buffer, faulty: boolean): Promise<void> => {
    const now = fault
    let rest = chunk
    if (faulty && now.kind === 'cut' && bytes + rest.length > now.afterBytes) {
      const last = rest.subarray(0, Math.max(0, now.afterBytes - bytes))
      bytes += last.length
      count.push(last)
      // What was sent before the break must have left.
      await delay(50)
      request.socket.resetAndDestroy()
      return
    }
    while (faulty && now.kind === 'slow' && rest.length > 0 && fault === now && !response.destroyed) {
      const slice = rest.subarray(0, Math.max(1, Math.floor(now.bytesPerSecond / SLICES_PER_SECOND)))
      rest = rest.subarray(slice.length)
      bytes += slice.length
      count.push(slice)
      await delay(1000 / SLICES_PER_SECOND)
    }
    bytes += rest.length
    count.push(rest)
  }
  const done = (): void => tell({ kind: 'served', served: { client, path, status: 200, bytes } })
  // A client that goes away, or is made to, is what this server is for: it is told like any other end.
  await pipeline(createReadStream(file, { highWaterMark: 16_384 }), count, response).then(done, done)
}

const server = createServer((request, response) => void serve(request, response))
server.on('connection', (socket) => {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
})

const listen = (): Promise<void> => new Promise((resolve) => server.listen(port, address, resolve))

process.on('message', (next: Fault) => void obey(next))

async function obey(next: Fault): Promise<void> {
  const was = fault
  fault = next
  if (next.kind === 'stopped' && was.kind !== 'stopped') {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.resetAndDestroy()
    await closed
  }
  if (next.kind !== 'stopped' && was.kind === 'stopped') await listen()
  tell({ kind: 'fault' })
}

process.on('disconnect', () => process.exit(0))

await listen()
port = (server.address() as AddressInfo).port
tell({ kind: 'listening', port })
