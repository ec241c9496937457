/** The site server's HTTP: one address, all routes. An address that cannot be had yet is tried again for as long as it is wanted. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Route } from '../../providers/imaging/route.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock } from '../../reconciler/ports.ts'
import { say } from '../../specs/text.ts'

export type SiteHttp = { stop(): Promise<void> }

export type SiteHttpParts = {
  readonly address: string
  readonly port: number
  readonly routes: readonly Route[]
  readonly clock: Clock
  /** Told once for each new reason. */
  readonly trouble: (reason: Reason) => void
}

const retryMs = 5_000

export const startSiteHttp = (parts: SiteHttpParts): SiteHttp => {
  const stopping = new AbortController()
  const served = serve(parts, stopping.signal)
  return {
    stop: async () => {
      stopping.abort()
      await served
    },
  }
}

const serve = async (parts: SiteHttpParts, signal: AbortSignal): Promise<void> => {
  let told: string | undefined
  while (!signal.aborted) {
    const server = createServer((request, response) => {
      void answer(parts, request, response)
    })
    // A boot program's connection is closed by its own routes; all others may idle between two batches.
    server.keepAliveTimeout = 30_000
    const problem = await listen(server, parts)
    if (problem === undefined) {
      told = undefined
      await ended(server, signal)
      continue
    }
    const reason = notListening(parts, problem)
    if (told !== reason.detail) parts.trouble(reason)
    told = reason.detail
    await parts.clock.sleep(retryMs, signal)
  }
}

const answer = async (parts: SiteHttpParts, request: IncomingMessage, response: ServerResponse) => {
  const url = new URL(request.url ?? '/', 'http://site')
  try {
    for (const route of parts.routes) if (await route(request, response, url)) return
    response.writeHead(404, { 'content-length': 0 }).end()
  } catch (thrown) {
    // One request that broke must not take the lycée's site server with it; whoever asked is told, and so is the log.
    parts.trouble(broke(url.pathname, thrown))
    if (response.headersSent) response.destroy()
    else response.writeHead(500, { 'content-length': 0 }).end()
  }
}

const listen = (
  server: Server,
  { address, port }: SiteHttpParts,
): Promise<NodeJS.ErrnoException | undefined> =>
  new Promise((resolve) => {
    server.once('error', resolve)
    server.listen(port, address, () => {
      server.off('error', resolve)
      resolve(undefined)
    })
  })

const ended = (server: Server, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const close = (): void => {
      server.close(() => resolve())
      server.closeAllConnections()
    }
    if (signal.aborted) return close()
    signal.addEventListener('abort', close, { once: true })
  })

const notListening = ({ address, port }: SiteHttpParts, error: NodeJS.ErrnoException): Reason => ({
  code: 'site-not-listening',
  message: say(
    `The site server cannot listen on ${address}:${port}: disks are not managed in this lycée until it can. Check "server" in the lycée's file, that this machine has the address, and that nothing else uses the port.`,
    `Le serveur d’établissement ne peut pas écouter sur ${address}:${port}\u00a0: les disques de ce lycée ne sont pas gérés tant que c’est le cas. Vérifiez «\u00a0server\u00a0» dans le fichier du lycée, que cette machine possède l’adresse et que rien d’autre n’utilise le port.`,
  ),
  detail: error.message,
})

const broke = (path: string, thrown: unknown): Reason => ({
  code: 'site-request-broke',
  message: say(
    `A request to the site server (${path}) failed through an error of the program itself: please report it with the detail below.`,
    `Une requête au serveur d’établissement (${path}) a échoué à cause d’une erreur du programme lui-même\u00a0: merci de la signaler avec le détail ci-dessous.`,
  ),
  detail: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
})
