/** One file of the store: whole, a range of it, or only that it has not changed. */
import { type FileHandle, open } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { isMissing } from '../../imaging/atomic-file.ts'
import { type ByteRange, parseByteRange } from '../../imaging/byte-range.ts'
import { say } from '../../specs/text.ts'
import { answerEmpty, refuse } from './body.ts'
import type { StoreFile } from './store-file.ts'
import type { StoreService } from './store-routes.ts'

const readBytes = 256 * 1024

export async function sendFile(
  service: StoreService,
  request: IncomingMessage,
  response: ServerResponse,
  file: StoreFile,
): Promise<void> {
  let handle: FileHandle
  try {
    handle = await open(join(service.store.folder, file.path), 'r')
  } catch (error) {
    if (isMissing(error)) return refuse(response, 404, 'not-found', notThere(file.path))
    service.trouble(file.path, error)
    return refuse(response, 500, 'store-unreadable', unreadable(file.path))
  }
  try {
    await sendOpen(service, request, response, file, handle)
  } finally {
    await handle.close()
  }
}

async function sendOpen(
  service: StoreService,
  request: IncomingMessage,
  response: ServerResponse,
  file: StoreFile,
  handle: FileHandle,
): Promise<void> {
  const { size, mtimeMs, ino } = await handle.stat()
  // A chunk is named by its content, its bytes by how it was packed; the time of a file is renewed without its content changing.
  const etag = file.digest === undefined ? `"${ino}-${size}-${mtimeMs}"` : `"${file.digest}-${size}"`
  response.setHeader('etag', etag)
  response.setHeader('cache-control', file.digest === undefined ? 'no-cache' : immutable)
  response.setHeader('accept-ranges', 'bytes')
  if (isKnown(request.headers['if-none-match'], etag)) {
    response.writeHead(304)
    response.end()
    return
  }
  const sameVersion = request.headers['if-range'] === undefined || request.headers['if-range'] === etag
  const range: ByteRange = sameVersion ? parseByteRange(request.headers.range, size) : { kind: 'whole' }
  if (range.kind === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${size}`)
    return answerEmpty(response, 416)
  }
  const first = range.kind === 'part' ? range.first : 0
  const last = range.kind === 'part' ? range.last : size - 1
  response.setHeader('content-type', file.type)
  response.setHeader('content-length', last - first + 1)
  if (range.kind === 'part') response.setHeader('content-range', `bytes ${first}-${last}/${size}`)
  response.writeHead(range.kind === 'part' ? 206 : 200)
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const outflow = service.outflow(response)
  for (let at = first; at <= last; ) {
    const buffer = Buffer.allocUnsafe(Math.min(readBytes, last + 1 - at))
    let bytesRead = 0
    try {
      bytesRead = (await handle.read(buffer, 0, buffer.length, at)).bytesRead
    } catch (error) {
      service.trouble(file.path, error)
    }
    // Announced and not there: breaking off is the only way left to say so.
    if (bytesRead === 0) return void response.destroy()
    if (!(await outflow.write(buffer.subarray(0, bytesRead)))) return
    at += bytesRead
  }
  response.end()
}

const immutable = 'public, max-age=31536000, immutable'

const isKnown = (header = '', etag: string): boolean =>
  header.split(',').some((one) => one.trim() === etag || one.trim() === '*')

const notThere = (path: string) =>
  say(
    `${path} is not in this store. Import the image, or wait until this server has fetched it.`,
    `${path} n’est pas dans ce dépôt. Importez l’image, ou attendez que ce serveur l’ait récupérée.`,
  )

const unreadable = (path: string) =>
  say(
    `${path} cannot be read on this server: check its disk and the rights on the image store.`,
    `${path} est illisible sur ce serveur\u00a0: vérifiez son disque et les droits sur le dépôt d’images.`,
  )
