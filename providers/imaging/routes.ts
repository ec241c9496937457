/** `/imager/hello`, `/imager/progress`, `/imager/done`: what imagers say, read strictly and handed to the desk. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  doneBodyBytes,
  encodeAnswer,
  parseDone,
  parseHello,
  parseProgress,
  smallBodyBytes,
} from '../../imaging/job-codec.ts'
import type { Parsed } from '../../imaging/shape.ts'
import { say } from '../../specs/text.ts'
import { answer, answerEmpty, readBody, refuse } from './body.ts'
import type { Desk, Reception } from './desk.ts'
import { bearer } from './job-token.ts'
import type { Route } from './route.ts'

/** What `done` brings may have to be kept before the PC may forget it: it is answered when that is done. */
type ImagerDesk = Pick<Desk, 'hello' | 'progress'> & {
  done(...asked: Parameters<Desk['done']>): Reception | Promise<Reception>
}

export function imagerRoutes(desk: ImagerDesk): Route {
  return async (request, response, url) => {
    switch (url.pathname) {
      case '/imager/hello':
        await take(request, response, smallBodyBytes, parseHello, (hello) =>
          answer(response, 200, 'application/json; charset=utf-8', encodeAnswer(desk.hello(hello))),
        )
        return true
      case '/imager/progress':
        await take(request, response, smallBodyBytes, parseProgress, (progress) =>
          received(request, response, (token) => desk.progress(token, progress)),
        )
        return true
      case '/imager/done':
        await take(request, response, doneBodyBytes, parseDone, (done) =>
          received(request, response, (token) => desk.done(token, done)),
        )
        return true
      default:
        return false
    }
  }
}

async function take<T>(
  request: IncomingMessage,
  response: ServerResponse,
  limitBytes: number,
  parse: (bytes: Uint8Array) => Parsed<T>,
  use: (value: T) => void | Promise<void>,
): Promise<void> {
  if (request.method !== 'POST') {
    response.setHeader('allow', 'POST')
    return refuse(response, 405, 'method-not-allowed', onlyPost, true)
  }
  const body = await readBody(request, limitBytes)
  switch (body.kind) {
    case 'cut':
      return
    case 'too-long':
      return refuse(response, 413, 'body-too-long', tooLong(limitBytes), true)
    case 'whole': {
      const parsed = parse(body.bytes)
      return parsed.ok ? use(parsed.value) : refuse(response, 400, parsed.code, parsed.message)
    }
  }
}

async function received(
  request: IncomingMessage,
  response: ServerResponse,
  give: (token: string) => Reception | Promise<Reception>,
): Promise<void> {
  const token = bearer(request.headers.authorization)
  const reception = token === undefined ? 'refused' : await give(token)
  switch (reception) {
    case 'taken':
      answerEmpty(response, 204)
      break
    case 'refused':
      refuse(response, 401, 'token-wrong', wrongToken)
      break
    case 'over':
      refuse(response, 410, 'job-over', over)
      break
  }
}

const onlyPost = say('This address takes POST only.', 'Cette adresse n’accepte que POST.')

const tooLong = (limitBytes: number) =>
  say(
    `The message is longer than ${limitBytes} bytes and was not read.`,
    `Le message dépasse ${limitBytes} octets et n’a pas été lu.`,
  )

const wrongToken = say(
  'The job’s token is missing or wrong: nothing was recorded.',
  'Le jeton de l’ordre manque ou est faux\u00a0: rien n’a été enregistré.',
)

const over = say(
  'This job has ended, or a later start of this PC has taken it over.',
  'Cet ordre est terminé, ou un démarrage plus récent de ce poste l’a repris.',
)
