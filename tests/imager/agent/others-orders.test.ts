/** Somebody on the network who gives PCs orders that the site server signed: for another start, another PC, or an older target. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import type { ImagerReason } from '../../../imaging/protocol.ts'
import { overwrite, placeOf, stateOf } from './pc-disk.ts'
import { mebibyte } from './run.ts'
import { equalWork, newPc, openSchool, post, type School, type TestPc } from './school.ts'

let school: School
test.before(async () => {
  school = await openSchool()
})
test.after.always(() => school.close())

/** Passes everything on to the site server; once it is told to replay, hellos get the last order that the site server gave. */
async function standBetween(): Promise<{ readonly url: string; replay: boolean } & AsyncDisposable> {
  let order: Buffer | undefined
  const state = { replay: false }
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const isHello = request.url === '/imager/hello'
    if (isHello && state.replay) return response.end(order)
    const { method = 'GET' } = request
    const asked = await fetch(`${school.url}${request.url}`, {
      method,
      headers: { authorization: request.headers.authorization ?? '' },
      ...(method === 'POST' ? { body: Buffer.concat(parts) } : {}),
    })
    const body = Buffer.from(await asked.arrayBuffer())
    if (isHello) order = body
    response.statusCode = asked.status
    return response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    get replay() {
      return state.replay
    },
    set replay(on) {
      state.replay = on
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** Starts it; it must say this reason, and leave every byte of its disk alone. */
async function refuses(
  t: { is(a: unknown, b: unknown): boolean; regex(text: string, pattern: RegExp, message?: string): boolean },
  pc: TestPc,
  server: string,
  reason: ImagerReason,
): Promise<void> {
  const before = await stateOf(pc.disk)
  const from = pc.screen.length
  await pc.start({ server })
  t.regex(pc.screen.slice(from).join(''), new RegExp(reason))
  t.is(await stateOf(pc.disk), before)
}

test('An order that was carried out once is no order for a later start, nor for another PC, nor once a newer one was carried out', async (t) => {
  await using between = await standBetween()
  const pc = await newPc(school)
  const first = post(school.desk, { kind: 'restore', ...equalWork(school) })
  await pc.start({ server: between.url })
  t.is(school.desk.order(first).done?.kind, 'done', pc.screen.join(''))
  const { startBytes } = await placeOf(pc.disk, 'root')
  await overwrite(pc.disk, startBytes + 30 * mebibyte, Buffer.from('a pupil’s day'))

  between.replay = true
  await refuses(t, pc, between.url, 'job-replayed')
  const other = await newPc(school, {
    commandLine: `proviseur.mode=netboot proviseur.server=${between.url} BOOTIF=01-52-54-00-25-02-99`,
  })
  await refuses(t, other, between.url, 'job-for-another-machine')

  between.replay = false
  const older = post(
    school.desk,
    { kind: 'restore', ...equalWork(school) },
    { fence: { epoch: 1, generation: 6 } },
  )
  await refuses(t, pc, between.url, 'job-outdated')
  t.like(school.desk.order(older).done, { kind: 'failed', reason: 'job-outdated', tally: { written: 0 } })
})
