/** `/reset`: the page on which a teacher has the PCs of a room put right. The steps are plain forms; see reset-view.ts for what they look like. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../reconciler/ports.ts'
import { type Locale, say } from '../../specs/text.ts'
import { answerJson, readBody } from './body.ts'
import type { Html } from './html.ts'
import { createPinAttempts, defaultPinLimits, type PinLimits } from './pin-attempts.ts'
import type { ResetDesk, ResetMachine, ResetRoom } from './reset-desk.ts'
import {
  cookie,
  createResetSessions,
  endedCookie,
  isFormToken,
  type ResetSession,
  sessionCookie,
} from './reset-session.ts'
import {
  confirmPage,
  type Frame,
  isFree,
  loginPage,
  messagePage,
  type Notice,
  roomsPage,
  statesOf,
} from './reset-view.ts'
import { preferredLocale, timeText } from './reset-words.ts'
import type { Route } from './route.ts'

export type ResetPageOptions = {
  readonly desk: ResetDesk
  readonly clock: Clock
  /** Title of the lycée. */
  readonly lycee: string
  readonly timezone: string
  /** For browsers that ask for neither French nor English. */
  readonly locale: Locale
  readonly limits?: PinLimits
}

type Visit = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly url: URL
  readonly frame: Frame
  readonly address: string
  readonly session: ResetSession | undefined
}

const formBytes = 64 * 1024

export function resetRoutes(options: ResetPageOptions): Route {
  const { desk, clock } = options
  const attempts = createPinAttempts(options.limits ?? defaultPinLimits)
  const sessions = createResetSessions()

  async function login(visit: Visit, form: URLSearchParams): Promise<void> {
    const begun = attempts.begin(visit.address, clock.now())
    if (begun.kind === 'refused') {
      visit.response.setHeader('retry-after', Math.max(1, Math.ceil((begun.until - clock.now()) / 1000)))
      const when = timeText(begun.until, visit.frame)
      return show(visit, 429, loginPage(visit.frame, { kind: 'bad', text: tooOften(when) }))
    }
    if (!(await desk.pinIsRight(form.get('pin') ?? ''))) {
      return show(visit, 403, loginPage(visit.frame, { kind: 'bad', text: wrongPin }))
    }
    attempts.succeed(visit.address, clock.now())
    visit.response.appendHeader('set-cookie', sessionCookie(sessions.open(clock.now()).id))
    goTo(visit, '/reset')
  }

  async function confirm(visit: Visit, session: ResetSession): Promise<void> {
    const rooms = await desk.rooms()
    const room = rooms.find(({ id }) => id === visit.url.searchParams.get('room'))
    const one = machineIn(rooms, visit.url.searchParams.get('machine'))
    const machines = room?.machines.filter(isFree) ?? (one === undefined ? [] : [one])
    if (machines.length === 0) return show(visit, 404, messagePage(visit.frame, noSuch))
    const title = room?.title ?? one?.name ?? ''
    show(visit, 200, confirmPage(visit.frame, { title, machines }, session.formToken))
  }

  async function ask(visit: Visit, form: URLSearchParams): Promise<void> {
    const rooms = await desk.rooms()
    const asked = [...new Set(form.getAll('machine'))]
    const machines = asked.map((id) => machineIn(rooms, id))
    // All or nothing: a page that is out of date asks for something else than its reader saw.
    if (asked.length === 0 || machines.includes(undefined)) {
      return show(visit, 409, messagePage(visit.frame, noSuch))
    }
    await desk.request(asked, asker(form.get('who'), visit.address))
    goTo(visit, `/reset?asked=${asked.length}`)
  }

  async function rooms(visit: Visit, session: ResetSession): Promise<void> {
    const count = Number(visit.url.searchParams.get('asked') ?? 0)
    const notice = Number.isInteger(count) && count > 0 && count < 10_000 ? asked(count) : undefined
    show(visit, 200, roomsPage(visit.frame, await desk.rooms(), session.formToken, notice))
  }

  async function posted(visit: Visit): Promise<void> {
    if (!isOwnForm(visit.request)) return show(visit, 403, messagePage(visit.frame, foreignForm))
    const body = await readBody(visit.request, formBytes)
    if (body.kind === 'cut') return
    if (body.kind === 'too-long') return show(visit, 413, messagePage(visit.frame, foreignForm), true)
    const form = new URLSearchParams(body.bytes.toString('utf8'))
    if (visit.url.pathname === '/reset/login') return login(visit, form)
    const { session } = visit
    if (session === undefined) return show(visit, 403, loginPage(visit.frame, { kind: 'bad', text: over }))
    if (!isFormToken(session, form.get('token')))
      return show(visit, 403, messagePage(visit.frame, foreignForm))
    switch (visit.url.pathname) {
      case '/reset/ask':
        return ask(visit, form)
      case '/reset/logout':
        sessions.close(session.id)
        visit.response.appendHeader('set-cookie', endedCookie)
        return goTo(visit, '/reset')
      default:
        return show(visit, 404, messagePage(visit.frame, noPage))
    }
  }

  async function seen(visit: Visit): Promise<void> {
    const { session, url } = visit
    switch (url.pathname) {
      case '/reset':
        return session === undefined ? show(visit, 200, loginPage(visit.frame)) : rooms(visit, session)
      case '/reset/confirm':
        return session === undefined ? goTo(visit, '/reset') : confirm(visit, session)
      case '/reset/state':
        return answerJson(
          visit.response,
          session === undefined ? 403 : 200,
          session === undefined ? [] : statesOf(await desk.rooms(), visit.frame),
        )
      default:
        return show(visit, 404, messagePage(visit.frame, noPage))
    }
  }

  function visitOf(request: IncomingMessage, response: ServerResponse, url: URL): Visit {
    const wished = url.searchParams.get('lang') ?? cookie(request.headers.cookie, languageCookie)
    const chosen: Locale | undefined = wished === 'fr' || wished === 'en' ? wished : undefined
    if (url.searchParams.has('lang') && chosen !== undefined) {
      response.appendHeader(
        'set-cookie',
        `${languageCookie}=${chosen}; Path=/reset; Max-Age=31536000; HttpOnly; SameSite=Strict`,
      )
    }
    const frame: Frame = {
      locale: chosen ?? preferredLocale(request.headers['accept-language'], options.locale),
      timezone: options.timezone,
      lycee: options.lycee,
      nonce: randomBytes(16).toString('base64'),
      path: '/reset',
    }
    const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    return {
      request,
      response,
      url,
      frame,
      address,
      session: sessions.find(request.headers.cookie, clock.now()),
    }
  }

  return async (request, response, url) => {
    if (url.pathname !== '/reset' && !url.pathname.startsWith('/reset/')) return false
    const visit = visitOf(request, response, url)
    if (request.method === 'GET' || request.method === 'HEAD') await seen(visit)
    else if (request.method === 'POST') await posted(visit)
    else {
      response.setHeader('allow', 'GET, HEAD, POST')
      show(visit, 405, messagePage(visit.frame, noPage), true)
    }
    return true
  }
}

const languageCookie = 'proviseur-language'

function show({ request, response, frame }: Visit, status: number, { html }: Html, close = false): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(html),
    'content-language': frame.locale,
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'nonce-${frame.nonce}'; script-src 'nonce-${frame.nonce}'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    ...(close ? { connection: 'close' } : {}),
  })
  response.end(request.method === 'HEAD' ? undefined : html)
}

function goTo({ response }: Visit, path: string): void {
  response.writeHead(303, { location: path, 'content-length': 0, 'cache-control': 'no-store' })
  response.end()
}

/** A browser says from which site a form was sent; other clients send nothing, and have the form's token to show. */
function isOwnForm(request: IncomingMessage): boolean {
  const { origin, host } = request.headers
  if (origin === undefined) return true
  return URL.canParse(origin) && new URL(origin).host === host
}

const machineIn = (rooms: readonly ResetRoom[], id: string | null): ResetMachine | undefined =>
  rooms.flatMap(({ machines }) => machines).find((machine) => machine.id === id)

/** For the request and the audit log: what was typed as a name is a claim, the address is seen. */
function asker(name: string | null, address: string): string {
  const said = (name ?? '').replaceAll(/\p{C}/gu, ' ').replaceAll(/\s+/g, ' ').trim().slice(0, 80)
  return said === '' ? `reset page, ${address}` : `reset page, ${address}, "${said}"`
}

const asked = (count: number): Notice => ({
  kind: 'good',
  text:
    count === 1
      ? say(
          'The reset was asked for. The PC starts with it by itself, usually within a minute.',
          'La remise en état est demandée. Le poste la commence de lui-même, en général en moins d’une minute.',
        )
      : say(
          `The reset of ${count} PCs was asked for. They start with it by themselves, usually within a minute.`,
          `La remise en état de ${count} postes est demandée. Ils la commencent d’eux-mêmes, en général en moins d’une minute.`,
        ),
})

const wrongPin = say('This PIN is not right.', 'Ce code n’est pas le bon.')

const tooOften = (when: string) =>
  say(
    `The PIN was mistyped too often. Try again from ${when}, or ask the IT staff.`,
    `Trop de codes erronés. Réessayez à partir de ${when}, ou adressez-vous au référent numérique.`,
  )

const over = say(
  'Your hour on this page is over: nothing was asked for. Enter the PIN again.',
  'Votre heure sur cette page est écoulée\u00a0: rien n’a été demandé. Saisissez de nouveau le code.',
)

const noSuch: Notice = {
  kind: 'bad',
  text: say(
    'This room or PC cannot be reset from here (any more). Go back and look again.',
    'Cette salle ou ce poste ne peut pas (ou plus) être remis en état d’ici. Revenez en arrière et vérifiez.',
  ),
}

const foreignForm: Notice = {
  kind: 'bad',
  text: say(
    'This form did not come from this page: nothing was asked for. Go back and start again.',
    'Ce formulaire ne vient pas de cette page\u00a0: rien n’a été demandé. Revenez en arrière et recommencez.',
  ),
}

const noPage: Notice = { kind: 'bad', text: say('There is no such page.', 'Cette page n’existe pas.') }
