/** `POST /store/batch`: many chunks in one response (imaging/batch.ts). Holds two chunks at a time, however slowly the client reads. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { frameHeader, maxBatchNames, maxFrameBytes, parseNames } from '../../imaging/batch.ts'
import type { ChunkName } from '../../imaging/digest.ts'
import { chunkPath } from '../../imaging/store-paths.ts'
import { say } from '../../specs/text.ts'
import { readBody, refuse } from './body.ts'
import type { StoreService } from './store-routes.ts'

type Stored = Uint8Array | 'missing' | 'unreadable-now'

export async function sendBatch(
  service: StoreService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request, maxBatchNames * 32)
  if (body.kind === 'cut') return
  const names = body.kind === 'whole' ? parseNames(body.bytes) : undefined
  if (names === undefined) {
    return refuse(response, body.kind === 'too-long' ? 413 : 400, 'batch-malformed', malformed, true)
  }
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' })
  response.flushHeaders()
  const outflow = service.outflow(response)
  let ahead = readStored(service, names[0])
  for (const index of names.keys()) {
    const stored = await ahead
    ahead = readStored(service, names[index + 1])
    // Not this chunk's fault: breaking off makes the client ask again.
    if (stored === 'unreadable-now') return void response.destroy()
    const header = frameHeader(stored === 'missing' ? undefined : stored.length)
    const written = (await outflow.write(header)) && (stored === 'missing' || (await outflow.write(stored)))
    if (!written) return
  }
  response.end()
}

/** Never rejects for what a file system may answer: a chunk that vanished, or that the disk does not give back, is missing here. */
async function readStored(service: StoreService, name: ChunkName | undefined): Promise<Stored> {
  if (name === undefined) return 'missing'
  try {
    const bytes = await service.store.readChunk(name)
    return bytes === undefined || bytes.length === 0 || bytes.length > maxFrameBytes ? 'missing' : bytes
  } catch (error) {
    service.trouble(chunkPath(name), error)
    return isShortage(error) ? 'unreadable-now' : 'missing'
  }
}

/** Too many open files, too little memory: gone in a moment. */
const isShortage = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['EMFILE', 'ENFILE', 'ENOMEM'].includes(String(error.code))

const malformed = say(
  `A batch is at most ${maxBatchNames} chunk names of 32 bytes.`,
  `Un lot compte au plus ${maxBatchNames} noms de blocs de 32 octets.`,
)
