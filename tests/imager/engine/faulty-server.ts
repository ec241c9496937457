/** A site server's store over HTTP that breaks off, sends other bytes, and forgets, as the seed has it. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import { frameHeader, parseNames } from '../../../imaging/batch.ts'
import { isChunkListDigest, isUsedMapDigest } from '../../../imaging/digest.ts'
import type { ImageStore } from '../../../imaging/folder-store.ts'
import type { Random } from '../../../reconciler/ports.ts'

/** Of each frame, how likely: the connection breaks inside it; one of its bits is flipped. */
export type Faults = { readonly cut: number; readonly flip: number }

export const faultyServer = async (
  t: ExecutionContext,
  store: ImageStore,
  random: Random,
  faults: Faults,
): Promise<string> => {
  const flipped = new Set<string>()

  const batch = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body: Buffer[] = []
    for await (const piece of request) body.push(piece)
    response.writeHead(200)
    for (const name of parseNames(Buffer.concat(body)) ?? []) {
      const stored = await store.readChunk(name)
      if (stored === undefined) {
        response.write(frameHeader(undefined))
        continue
      }
      response.write(frameHeader(stored.length))
      if (random() < faults.cut) {
        response.write(stored.subarray(0, Math.floor(random() * stored.length)))
        response.destroy()
        return
      }
      const sent = Uint8Array.from(stored)
      // Each chunk once: twice in a row is another test's.
      if (!flipped.has(name) && random() < faults.flip) {
        flipped.add(name)
        const at = Math.floor(random() * sent.length)
        sent[at] = (sent[at] ?? 0) ^ (1 << Math.floor(random() * 8))
      }
      response.write(sent)
    }
    response.end()
  }
  const file = async (path: string, response: ServerResponse): Promise<void> => {
    const [kind, digest] = path.split('/').slice(2)
    const found =
      kind === 'lists' && isChunkListDigest(digest)
        ? await store.readList(digest)
        : kind === 'maps' && isUsedMapDigest(digest)
          ? await store.readMap(digest)
          : undefined
    if (found?.ok === true) response.end(found.value)
    else response.writeHead(404).end()
  }

  const server = createServer((request, response) => {
    const answered = request.method === 'POST' ? batch(request, response) : file(request.url ?? '', response)
    answered.catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.closeAllConnections())
  t.teardown(() => server.close())
  // Listening on a port, it has an address of this kind.
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}
