/** What a capture sends: checked against its name before it is stored, so that nobody can put anything else in its place. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { encodeNames, maxBatchNames, maxFrameBytes, parseNames } from '../../imaging/batch.ts'
import { openChunkOfAnySize } from '../../imaging/codec.ts'
import type { Put } from '../../imaging/folder-store.ts'
import { say } from '../../specs/text.ts'
import { answer, answerEmpty, readBody, refuse } from './body.ts'
import { bearer } from './job-token.ts'
import type { StoreFile } from './store-file.ts'
import type { StoreService } from './store-routes.ts'

export type UploadGate = (token: string) => 'yes' | 'no' | 'later'

/** The list of a partition of 2 TiB at 1 MiB a chunk. */
const listLimitBytes = 64 * 1024 * 1024

export async function takeUpload(
  service: StoreService,
  mayUpload: UploadGate,
  request: IncomingMessage,
  response: ServerResponse,
  file: StoreFile,
): Promise<void> {
  if (file.part.kind === 'text') {
    response.setHeader('allow', 'GET, HEAD')
    return refuse(response, 405, 'method-not-allowed', signedElsewhere, true)
  }
  const limitBytes = file.part.kind === 'chunk' ? maxFrameBytes : listLimitBytes
  const bytes = await admitted(mayUpload, request, response, limitBytes)
  if (bytes === undefined) return
  let put: Put
  try {
    put = await store(service, file.part, bytes)
  } catch (error) {
    service.trouble(file.path, error)
    return refuse(response, 500, 'store-unwritable', unwritable(file.path))
  }
  if (put.ok) return answerEmpty(response, 204)
  refuse(response, put.code === 'store-full' ? 507 : 422, put.code, put.message)
}

async function store(
  { store: into }: StoreService,
  part: Exclude<StoreFile['part'], { kind: 'text' }>,
  bytes: Uint8Array,
): Promise<Put> {
  switch (part.kind) {
    case 'chunk':
      return openChunkOfAnySize(part.name, bytes).ok
        ? into.putChunk(part.name, bytes)
        : { ok: false, code: 'damaged', message: notItsName(part.name) }
    case 'list':
      return into.putList(part.digest, bytes)
    case 'map':
      return into.putMap(part.digest, bytes)
  }
}

/** `POST /store/missing`. */
export async function listMissing(
  service: StoreService,
  mayUpload: UploadGate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const bytes = await admitted(mayUpload, request, response, maxBatchNames * 32)
  if (bytes === undefined) return
  const names = parseNames(bytes)
  if (names === undefined) return refuse(response, 400, 'names-malformed', malformed)
  const lacking = await service.store.missingChunks(names)
  answer(response, 200, 'application/octet-stream', encodeNames(lacking))
}

/** The body, if its token is that of a capture; else the refusal was sent. A refused body is read and dropped, so that the refusal is heard. */
async function admitted(
  mayUpload: UploadGate,
  request: IncomingMessage,
  response: ServerResponse,
  limitBytes: number,
): Promise<Uint8Array | undefined> {
  const token = bearer(request.headers.authorization)
  const may = token === undefined ? 'no' : mayUpload(token)
  if (may !== 'yes') {
    await drop(request, limitBytes)
    if (may === 'later') response.setHeader('retry-after', '2')
    refuse(
      response,
      may === 'later' ? 503 : 401,
      may === 'later' ? 'job-not-known-yet' : 'token-wrong',
      wrong,
      true,
    )
    return undefined
  }
  const body = await readBody(request, limitBytes)
  if (body.kind === 'whole') return body.bytes
  if (body.kind === 'too-long') refuse(response, 413, 'body-too-long', tooLong(limitBytes), true)
  return undefined
}

async function drop(request: IncomingMessage, limitBytes: number): Promise<void> {
  let left = limitBytes
  try {
    for await (const part of request) {
      left -= part.length
      if (left < 0) return
    }
  } catch (error) {
    if (request.complete || !(error instanceof Error) || !('code' in error)) throw error
  }
}

const signedElsewhere = say(
  'Manifests and names are made where the park’s key is, not sent.',
  'Les manifestes et les noms sont créés là où se trouve la clé du parc\u00a0; ils ne s’envoient pas.',
)

const wrong = say(
  'Only the imager of a PC whose disk is being captured may send anything here.',
  'Seul l’imageur d’un poste en cours de capture peut envoyer quelque chose ici.',
)

const tooLong = (limitBytes: number) =>
  say(
    `What was sent is longer than ${limitBytes} bytes and was not taken.`,
    `L’envoi dépasse ${limitBytes} octets et n’a pas été accepté.`,
  )

const malformed = say(
  `Expected at most ${maxBatchNames} chunk names of 32 bytes.`,
  `Attendu\u00a0: au plus ${maxBatchNames} noms de blocs de 32 octets.`,
)

const notItsName = (name: string) =>
  say(
    `What was sent as chunk ${name} is not that chunk: it was changed on its way, or read wrongly.`,
    `Ce qui a été envoyé comme bloc ${name} n’est pas ce bloc\u00a0: il a été modifié en chemin ou mal lu.`,
  )

const unwritable = (path: string) =>
  say(
    `${path} cannot be written on this server: check its disk and the rights on the image store.`,
    `${path} ne peut pas être écrit sur ce serveur\u00a0: vérifiez son disque et les droits sur le dépôt d’images.`,
  )
