/** The PC's side of the imager desk: hello, progress, done, over HTTP. Nothing that it is told without a signature is believed further than a wait. */
import { setTimeout as sleep } from 'node:timers/promises'
import { BodyLost, createExchange, type Exchange } from '../../imaging/http-exchange.ts'
import { encodeDone, encodeHello, encodeProgress, parseAnswer } from '../../imaging/job-codec.ts'
import type { Answer, Done, Hello, Job, Progress } from '../../imaging/protocol.ts'
import { done, failed, type Result } from './result.ts'

export type DeskClient = {
  /** One question. `server-silent`: no answer, or none that can be read. */
  hello(hello: Hello, signal: AbortSignal): Promise<Result<Answer>>
  /** Lost ones are not sent again: the next one says more. */
  progress(job: Job, progress: Progress): Promise<void>
  /** `tries`: five seconds apart; the site server may be restarting. */
  done(job: Job, report: Done, tries: number, signal: AbortSignal): Promise<Result<void>>
  close(): void
}

/** An answer with a job for thirty partitions has some kilobytes. */
const answerLimitBytes = 8 * 1024 * 1024
const donePauseMs = 5_000

export function createDeskClient(server: string): DeskClient {
  const exchange = createExchange({ baseUrl: server, connectMs: 3_000, idleMs: 10_000, connections: 2 })
  const json = (headers: Readonly<Record<string, string>> = {}) => ({
    'content-type': 'application/json',
    ...headers,
  })
  const post = async (
    path: string,
    body: string,
    token: string,
    signal: AbortSignal,
  ): Promise<number | string> => {
    const headers = json({ authorization: `Bearer ${token}` })
    const reply = await exchange.send({ method: 'POST', path, body, headers }, signal)
    if (reply.kind === 'lost') return reply.detail
    reply.discard()
    return reply.status
  }

  return {
    async hello(hello, signal) {
      const body = encodeHello(hello)
      return ask(exchange, { method: 'POST', path: '/imager/hello', body, headers: json() }, signal)
    },
    async progress(job, progress) {
      await post('/imager/progress', encodeProgress(progress), job.token, AbortSignal.timeout(10_000))
    },
    async done(job, report, most, signal) {
      const body = encodeDone(report)
      let detail = ''
      for (let tries = 1; tries <= most; tries += 1) {
        const answered = await post('/imager/done', body, job.token, signal)
        // 410: a later start of this PC has the job. 401, 400: no other try will do better.
        if (typeof answered === 'number' && answered < 500) {
          return answered < 300 ? done(undefined) : failed('server-silent', `/imager/done: HTTP ${answered}`)
        }
        detail = typeof answered === 'number' ? `HTTP ${answered}` : answered
        if (signal.aborted) break
        if (tries < most) await sleep(donePauseMs, undefined, { signal }).catch(ignoreAbort)
      }
      return failed('server-silent', `/imager/done: ${detail}`)
    },
    close: () => exchange.close(),
  }
}

const ignoreAbort = (error: unknown): void => {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error
}

async function ask(
  exchange: Exchange,
  question: Parameters<Exchange['send']>[0],
  signal: AbortSignal,
): Promise<Result<Answer>> {
  const reply = await exchange.send(question, signal)
  if (reply.kind === 'lost') return failed('server-silent', reply.detail)
  if (reply.status !== 200) {
    reply.discard()
    return failed('server-silent', `${question.path}: HTTP ${reply.status}`)
  }
  const body = await readWhole(reply.body, answerLimitBytes)
  if (!body.ok) return body
  const answer = parseAnswer(body.value)
  return answer.ok ? done(answer.value) : failed('server-silent', answer.message.en)
}

/** At most so many bytes; more, or a connection that broke, is a silent server. */
export async function readWhole(
  body: AsyncIterable<Uint8Array>,
  limitBytes: number,
): Promise<Result<Uint8Array>> {
  const parts: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const part of body) {
      bytes += part.length
      if (bytes > limitBytes) return failed('server-silent', `an answer of over ${limitBytes} bytes`)
      parts.push(part)
    }
  } catch (error) {
    if (!(error instanceof BodyLost)) throw error
    return failed('server-silent', error.message)
  }
  return done(Buffer.concat(parts))
}
