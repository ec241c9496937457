import type { IncomingMessage, ServerResponse } from 'node:http'

/** False: not mine, nothing was sent. The composition root puts the routes of a site's server together. */
export type Route = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<boolean>
