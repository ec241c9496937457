/** `/store/…`: a folder store over HTTP, as files, as batches, and for what a capture sends. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ImageStore } from '../../imaging/folder-store.ts'
import { say } from '../../specs/text.ts'
import { type Slots, slots } from '../ssh/slots.ts'
import { type Bandwidth, unlimited } from './bandwidth.ts'
import { refuse } from './body.ts'
import { createOutflow, type Outflow } from './outflow.ts'
import type { Route } from './route.ts'
import { sendBatch } from './store-batch.ts'
import { storeFile } from './store-file.ts'
import { sendFile } from './store-send.ts'
import { listMissing, takeUpload, type UploadGate } from './store-upload.ts'

export type StoreRoutesOptions = {
  readonly store: ImageStore
  /** Whether a token is that of a capture which runs (`Desk.mayUpload`). Undefined: nothing may be sent here. */
  readonly mayUpload?: UploadGate
  /** Batches and chunks that are sent at the same time; the others wait. */
  readonly streams?: number
  /** Of all that is sent from here. */
  readonly bandwidth?: Bandwidth
  /** A client that reads nothing for this time is let go. */
  readonly stallMs?: number
  /** How long a request waits for its turn before it is told to ask again. */
  readonly queueMs?: number
  /** A file that is there and cannot be read or written: the disk is failing. */
  readonly onTrouble?: (path: string, error: Error) => void
}

/** What the parts of the store's routes share. */
export type StoreService = {
  readonly store: ImageStore
  outflow(response: ServerResponse): Outflow
  trouble(path: string, error: unknown): void
}

/** Uploads are held in memory until they are checked: this many at once. */
const uploadsAtOnce = 4

export function storeRoutes(options: StoreRoutesOptions): Route {
  const { store, bandwidth = unlimited, stallMs = 60_000, queueMs = 5_000 } = options
  const streams = slots(options.streams ?? 16)
  const uploads = slots(uploadsAtOnce)
  const mayUpload = options.mayUpload ?? (() => 'no')
  const service: StoreService = {
    store,
    outflow: (response) => createOutflow(response, bandwidth, stallMs),
    trouble(path, error) {
      if (!(error instanceof Error)) throw error
      options.onTrouble?.(path, error)
    },
  }

  /** With a slot, or with the advice to ask again: a client that hears nothing takes us for dead. */
  async function inTurn(of: Slots, response: ServerResponse, serve: () => Promise<void>): Promise<void> {
    const leaving = new AbortController()
    const leave = () => leaving.abort()
    response.once('close', leave)
    const release = await of.take(AbortSignal.any([leaving.signal, AbortSignal.timeout(queueMs)]))
    response.off('close', leave)
    if (release === undefined) {
      if (response.destroyed) return
      response.setHeader('retry-after', '1')
      return refuse(response, 503, 'busy', busy, true)
    }
    try {
      await serve()
    } finally {
      release()
    }
  }

  async function files(request: IncomingMessage, response: ServerResponse, rest: string): Promise<void> {
    const file = storeFile(rest)
    if (file === undefined) return refuse(response, 404, 'not-found', nothingHere, true)
    switch (request.method) {
      case 'HEAD':
        return sendFile(service, request, response, file)
      case 'GET':
        return file.part.kind === 'chunk'
          ? inTurn(streams, response, () => sendFile(service, request, response, file))
          : sendFile(service, request, response, file)
      case 'PUT':
        return inTurn(uploads, response, () => takeUpload(service, mayUpload, request, response, file))
      default:
        response.setHeader('allow', 'GET, HEAD, PUT')
        return refuse(response, 405, 'method-not-allowed', notThat, true)
    }
  }

  return async (request, response, url) => {
    if (!url.pathname.startsWith('/store/')) return false
    const rest = decoded(url.pathname.slice('/store/'.length))
    const isAction = rest === 'batch' || rest === 'missing'
    if (rest === undefined) refuse(response, 404, 'not-found', nothingHere, true)
    else if (!isAction) await files(request, response, rest)
    else if (request.method !== 'POST') {
      response.setHeader('allow', 'POST')
      refuse(response, 405, 'method-not-allowed', notThat, true)
    } else if (rest === 'batch') {
      await inTurn(streams, response, () => sendBatch(service, request, response))
    } else await listMissing(service, mayUpload, request, response)
    return true
  }
}

/** `~` and `+` of versions may come percent-encoded. Undefined: it is no text. */
function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

const busy = say(
  'As many PCs as this server serves at once are being served: ask again in a moment.',
  'Ce serveur sert déjà autant de postes qu’il le peut à la fois\u00a0: redemandez dans un instant.',
)

const nothingHere = say(
  'There is nothing of this name in an image store.',
  'Un dépôt d’images ne contient rien de ce nom.',
)

const notThat = say('This address does not take that method.', 'Cette adresse n’accepte pas cette méthode.')
