/**
 * Serves an image store as a site server does, and `/ballast/BYTES` for what the link alone can carry. Arguments: the store's folder, the
 * address to listen on. Prints its port and process id as JSON.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { openFolderStore } from '../../../imaging/folder-store.ts'
import { storeRoutes } from '../../../providers/imaging/store-routes.ts'

const [folder, address] = process.argv.slice(2)
if (folder === undefined || address === undefined) throw new Error('store-process.ts STORE ADDRESS')

const route = storeRoutes({ store: openFolderStore(folder) })
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://site')
  const [, kind, bytes] = url.pathname.split('/')
  const answered = kind === 'ballast' ? ballast(Number(bytes), response) : route(request, response, url)
  answered.catch((error: unknown) => {
    console.error(error)
    response.destroy()
  })
})

async function ballast(bytes: number, response: ServerResponse): Promise<void> {
  const piece = Buffer.alloc(256 * 1024, 0x55)
  response.writeHead(200, { 'content-length': bytes })
  await pipeline(function* () {
    for (let left = bytes; left > 0; left -= piece.length)
      yield piece.subarray(0, Math.min(left, piece.length))
  }, response)
}

server.listen(0, address, () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ port, pid: process.pid }))
})
process.once('SIGTERM', () => {
  server.closeAllConnections()
  server.close()
})
