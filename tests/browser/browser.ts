/** Chromium as people have it, driven over its DevTools protocol. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ExecutionContext } from 'ava'
import { type Browser, launch, type Page } from 'puppeteer-core'
import type { Route } from '../../providers/imaging/route.ts'

export type Screen = { readonly width: number; readonly height: number; readonly phone: boolean }

/** The narrowest phone in use, and a classroom's PC. */
export const phone: Screen = { width: 320, height: 640, phone: true }
export const desktop: Screen = { width: 1366, height: 768, phone: false }

export type PageOptions = {
  readonly screen: Screen
  /** As the browser asks for it. */
  readonly language: 'fr' | 'en'
  readonly script?: boolean
  readonly scheme?: 'light' | 'dark'
}

let shared: Promise<Browser> | undefined

/** One for all tests of a file. It has no sandbox: it sees our own pages only, and runs as root in CI. */
export const openBrowser = (): Promise<Browser> => {
  shared ??= launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  })
  return shared
}

export const closeBrowser = async (): Promise<void> => {
  await (await shared)?.close()
  shared = undefined
}

/** A page with cookies of its own. What the page complains of (a policy, a broken script) fails the test at its end. */
export const openPage = async (t: ExecutionContext, options: PageOptions): Promise<Page> => {
  const { screen, language, script = true, scheme = 'light' } = options
  const context = await (await openBrowser()).createBrowserContext()
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  await page.setViewport({
    width: screen.width,
    height: screen.height,
    isMobile: screen.phone,
    hasTouch: screen.phone,
  })
  await page.setExtraHTTPHeaders({ 'accept-language': language })
  await page.setJavaScriptEnabled(script)
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
  t.teardown(async () => {
    await context.close()
    // A refused PIN is an HTTP error, and no fault of the page.
    const left = complaints.filter((one) => !/status of 403|favicon/.test(one))
    if (left.length > 0) throw new Error(left.join('\n'))
  })
  return page
}

/** Serves routes on loopback; answers the address. */
export const serveRoute = async (t: ExecutionContext, route: Route): Promise<string> => {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://site')
    route(request, response, url)
      .then((taken) => taken || response.writeHead(404, { 'content-length': 0 }).end())
      .catch((thrown: unknown) => {
        t.log(String(thrown))
        response.destroy()
      })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return `http://127.0.0.1:${address.port}`
}
