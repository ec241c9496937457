import test, { type ExecutionContext } from 'ava'
import { parseJob } from '../../imaging/job-codec.ts'
import type { Answer, Hello, Job } from '../../imaging/protocol.ts'
import { createSigningKey, verifyBytes } from '../../imaging/signature.ts'
import { createDesk, type Desk } from '../../providers/imaging/desk.ts'
import type { DeskLimits, Torn } from '../../providers/imaging/desk-state.ts'
import { imagerRoutes } from '../../providers/imaging/routes.ts'
import { createVirtualClock } from '../../providers/simulated/clock.ts'
import type { Mac } from '../../reconciler/model/ids.ts'
import {
  captureOf,
  doneOf,
  failedOf,
  helloOf,
  nonceOf,
  orderOf,
  progressOf,
  recordOf,
  restoreOf,
  usedDisk,
} from './hellos.ts'
import { serve } from './served.ts'

const mac = '52:54:00:25:02:01' as Mac
const machine = 'victor-hugo/b204-01'
const key = createSigningKey()

const machines = new Map<string, string>([
  [mac, machine],
  ['52:54:00:25:02:02', 'victor-hugo/b204-02'],
])

function makeDesk(
  more: {
    limits?: Partial<DeskLimits>
    clock?: ReturnType<typeof createVirtualClock>
    torn?: Map<string, Torn>
  } = {},
) {
  const clock = more.clock ?? createVirtualClock(1_000_000)
  const greeted: string[] = []
  const discovered: Hello[] = []
  const desk = createDesk({
    clock,
    siteKeyPem: key.privateKeyPem,
    lookup: (macs) => {
      const found = macs.map((one) => machines.get(one)).find((one) => one !== undefined)
      return found === undefined ? undefined : { machine: found }
    },
    onHello: (one, hello) => greeted.push(`${one} ${hello.nonce.slice(0, 4)}`),
    onDiscovered: (hello) => discovered.push(hello),
    ...(more.limits === undefined ? {} : { limits: more.limits }),
    torn: more.torn ?? [],
    onTorn: (one, torn) => (torn === undefined ? more.torn?.delete(one) : more.torn?.set(one, torn)),
  })
  return { desk, clock, greeted, discovered }
}

/** The job of an answer, if the site's key signed it. */
function jobIn(t: ExecutionContext, answer: Answer): Job {
  if (answer.kind !== 'job') throw new Error(`the answer is ${answer.kind}, not a job`)
  t.true(verifyBytes(key.publicKeyPem, Buffer.from(answer.job), answer.signature))
  const parsed = parseJob(answer.job)
  if (!parsed.ok) throw new Error(parsed.message.en)
  return parsed.value
}

test('a PC with a job gets it signed, for its MAC and this start of the imager', (t) => {
  const { desk, greeted } = makeDesk()
  desk.post(orderOf('action-1'))
  const job = jobIn(t, desk.hello(helloOf('first')))
  t.like(job, { id: 'action-1', machine, mac, nonce: nonceOf('first'), fence: { epoch: 1, generation: 7 } })
  t.deepEqual(greeted, [`${machine} ${nonceOf('first').slice(0, 4)}`])
  t.like(desk.session(mac), { since: 1_000_000 })
})

test('the same question is answered with the same job, byte for byte: the first answer may have been lost', async (t) => {
  const { desk, clock } = makeDesk()
  desk.post(orderOf('action-1'))
  const first = desk.hello(helloOf('first'))
  await clock.pass(5_000)
  const second = desk.hello(helloOf('first'))
  t.true(first.kind === 'job' && second.kind === 'job' && first.job === second.job)
})

test('another PC does not get it, nor one that shares only another of its cards', (t) => {
  const { desk } = makeDesk()
  desk.post(orderOf('action-1'))
  t.is(desk.hello(helloOf('other', { macs: ['52:54:00:25:02:02'] })).kind, 'wait')
  t.is(desk.hello(helloOf('stranger', { macs: ['02:00:00:00:00:09'] })).kind, 'local')
  // A card that was named after the job was posted: the PC itself would refuse the job.
  machines.set('52:54:00:25:02:f1', machine)
  t.teardown(() => machines.delete('52:54:00:25:02:f1'))
  t.is(desk.hello(helloOf('moved', { macs: ['52:54:00:25:02:f1'] })).kind, 'wait')
  t.is(jobIn(t, desk.hello(helloOf('both', { macs: ['52:54:00:25:02:f1', mac] }))).id, 'action-1')
})

test('progress and the end are taken with the token of the job only', (t) => {
  const { desk } = makeDesk()
  desk.post(orderOf('action-1'))
  const { token } = jobIn(t, desk.hello(helloOf('first')))
  const flipped = token.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
  for (const wrong of ['', 'x', flipped, token.toUpperCase(), 'ab'.repeat(64)]) {
    t.is(desk.progress(wrong, progressOf('action-1')), 'refused')
    t.is(desk.done(wrong, doneOf('action-1')), 'refused')
  }
  t.is(desk.progress(token, progressOf('action-2')), 'refused', 'a token is for one action')
  t.deepEqual(Object.keys(desk.order('action-1')), ['heardAt'])
  t.is(desk.progress(token, progressOf('action-1')), 'taken')
  t.like(desk.order('action-1'), { progress: { read: 50 } })
  t.is(desk.done(token, failedOf('action-1')), 'taken')
  t.like(desk.order('action-1'), { done: { kind: 'failed', reason: 'disk-unreadable' } })
})

test('the end said twice is one end, and a replayed one changes nothing', (t) => {
  const { desk } = makeDesk()
  desk.post(orderOf('action-1'))
  const { token } = jobIn(t, desk.hello(helloOf('first')))
  t.is(desk.done(token, doneOf('action-1')), 'taken')
  t.is(desk.done(token, failedOf('action-1')), 'taken')
  t.like(desk.order('action-1'), { done: { kind: 'done' } })
  t.is(desk.progress(token, progressOf('action-1')), 'over')
  desk.post(orderOf('action-1'))
  t.like(desk.order('action-1'), { done: { kind: 'done' } }, 'an action that ended is not done again')
  t.is(desk.hello(helloOf('first')).kind, 'local')
  t.is(desk.bootAnswer(mac), 'local')
})

test('a PC that lost its power gets the same job again, issued for its new start; the old start counts no more', (t) => {
  const { desk } = makeDesk()
  desk.post(orderOf('action-1'))
  const before = jobIn(t, desk.hello(helloOf('before')))
  t.is(desk.progress(before.token, progressOf('action-1', 30)), 'taken')
  t.is(desk.bootAnswer(mac), 'imager')
  const after = jobIn(t, desk.hello(helloOf('after')))
  t.is(after.id, before.id)
  t.not(after.token, before.token)
  t.is(desk.progress(before.token, progressOf('action-1', 31)), 'over')
  t.is(desk.done(before.token, doneOf('action-1')), 'over')
  t.is(desk.done(after.token, doneOf('action-1')), 'taken')
})

test('a desk that was restarted goes on with what runs, before and after the action is posted again', (t) => {
  const { desk, clock } = makeDesk()
  desk.post(orderOf('action-1'))
  desk.post(orderOf('action-2', { machine: 'victor-hugo/b204-02', mac: '52:54:00:25:02:02' }))
  const one = jobIn(t, desk.hello(helloOf('one')))
  const two = jobIn(t, desk.hello(helloOf('two', { macs: ['52:54:00:25:02:02'] })))
  const again = makeDesk({ clock }).desk
  t.is(again.progress(one.token, progressOf('action-1')), 'taken')
  t.is(again.done(two.token, doneOf('action-2')), 'taken')
  again.post(orderOf('action-1'))
  again.post(orderOf('action-2', { machine: 'victor-hugo/b204-02', mac: '52:54:00:25:02:02' }))
  t.like(again.order('action-2'), { done: { kind: 'done' } })
  t.is(again.progress(one.token, progressOf('action-1', 70)), 'taken')
  t.like(again.order('action-1'), { progress: { read: 70 } })
  t.is(again.done(one.token, doneOf('action-1')), 'taken')
})

test('a PC without a job waits for one a while, then starts its own system; one with an empty disk waits on', async (t) => {
  const { desk, clock } = makeDesk({ limits: { waitMs: 90_000 } })
  const hello = helloOf('used', { disks: [usedDisk] })
  t.like(desk.hello(hello), { kind: 'wait', afterMs: 3_000 })
  await clock.pass(89_000)
  t.is(desk.hello(hello).kind, 'wait')
  await clock.pass(2_000)
  t.is(desk.hello(hello).kind, 'local')
  t.is(desk.session(mac), undefined)
  const blank = helloOf('blank', { macs: ['52:54:00:25:02:02'] })
  for (let hour = 0; hour < 5; hour++) {
    t.is(desk.hello(blank).kind, 'wait')
    await clock.pass(3_600_000)
  }
})

test('a job posted while a PC waits is its next answer', (t) => {
  const { desk } = makeDesk()
  t.is(desk.hello(helloOf('first')).kind, 'wait')
  desk.post(orderOf('action-1'))
  t.is(jobIn(t, desk.hello(helloOf('first'))).id, 'action-1')
})

test('a withdrawn job is given to nobody, and what a PC has begun it finishes', (t) => {
  const { desk } = makeDesk()
  desk.post(orderOf('action-1'))
  const { token } = jobIn(t, desk.hello(helloOf('first')))
  desk.withdraw('action-1')
  t.deepEqual(desk.order('action-1'), {})
  t.is(desk.bootAnswer(mac), 'local')
  t.is(desk.hello(helloOf('second')).kind, 'wait')
  t.is(desk.progress(token, progressOf('action-1')), 'taken')
  t.is(desk.done(token, doneOf('action-1')), 'taken')
  t.like(desk.order('action-1'), { done: { kind: 'done' } })
})

test('a machine has one job: a newer one takes the place of the older', (t) => {
  const { desk } = makeDesk()
  desk.post(orderOf('action-1'))
  const old = jobIn(t, desk.hello(helloOf('first')))
  desk.post(orderOf('action-2'))
  t.is(jobIn(t, desk.hello(helloOf('second'))).id, 'action-2')
  t.is(desk.progress(old.token, progressOf('action-1')), 'taken')
  t.deepEqual(Object.keys(desk.order('action-2')), ['heardAt'])
})

test('a disk that was left half-written belongs into the imager, over a restart too, until it is whole', async (t) => {
  const torn = new Map<string, Torn>()
  const limits = { waitMs: 90_000 }
  const { desk, clock } = makeDesk({ limits, torn })
  desk.post(restoreOf('action-1'))
  t.is(desk.done(jobIn(t, desk.hello(helloOf('first'))).token, failedOf('action-1')), 'taken')
  t.deepEqual([...torn], [[machine, { job: 'action-1', at: 1_000_000 }]])
  t.is(desk.bootAnswer(mac), 'imager')

  const again = makeDesk({ limits, clock, torn: new Map(torn) }).desk
  t.is(again.bootAnswer(mac), 'imager', 'the server was restarted, and no order is posted yet')
  const waiting = helloOf('second', { disks: [usedDisk] })
  t.is(again.hello(waiting).kind, 'wait')
  await clock.pass(200_000)
  t.is(again.hello(waiting).kind, 'wait', 'it has nothing that it could start')
  again.post(restoreOf('action-2'))
  t.is(again.done(jobIn(t, again.hello(waiting)).token, doneOf('action-2')), 'taken')
  t.is(again.bootAnswer(mac), 'local')
})

test('a comparison that fails tears no disk, and the record on a disk says that it is whole again', (t) => {
  const torn = new Map<string, Torn>()
  const { desk } = makeDesk({ torn })
  desk.post(orderOf('action-1'))
  desk.done(jobIn(t, desk.hello(helloOf('first'))).token, failedOf('action-1'))
  t.is(torn.size, 0)
  desk.post(restoreOf('action-2'))
  desk.done(jobIn(t, desk.hello(helloOf('second'))).token, failedOf('action-2'))
  const stateOf = (job: string, at: number) => ({ disks: [usedDisk], state: { ...recordOf(job), at } })
  desk.hello(helloOf('third', stateOf('action-0', 999_999)))
  t.is(torn.size, 1, 'the record is of an earlier restore')
  desk.hello(helloOf('fourth', stateOf('action-2', 999_999)))
  t.is(torn.size, 0, 'the PC went on by itself, whatever its clock says')
})

test('a session ends with silence, and lives by progress', async (t) => {
  const { desk, clock } = makeDesk({ limits: { sessionMs: 60_000 } })
  desk.post(orderOf('action-1'))
  const { token } = jobIn(t, desk.hello(helloOf('first')))
  for (let minute = 0; minute < 5; minute++) {
    await clock.pass(50_000)
    t.is(desk.progress(token, progressOf('action-1')), 'taken')
    t.truthy(desk.session(mac))
  }
  await clock.pass(61_000)
  t.is(desk.session(mac), undefined)
})

test('who waits for news of a PC is woken by its hello, its progress and its end, or by time', async (t) => {
  const { desk, clock } = makeDesk()
  const { signal } = new AbortController()
  const news = async (cause: () => void): Promise<number> => {
    const before = clock.now()
    const waiting = desk.changed(mac, 60_000, signal)
    cause()
    await clock.until(waiting)
    return clock.now() - before
  }
  desk.post(orderOf('action-1'))
  let token = ''
  t.is(
    await news(() => {
      token = jobIn(t, desk.hello(helloOf('first'))).token
    }),
    0,
  )
  t.is(await news(() => desk.progress(token, progressOf('action-1'))), 0)
  t.is(await news(() => desk.done(token, doneOf('action-1'))), 0)
  t.is(await news(() => undefined), 60_000)
  t.is(await news(() => desk.hello(helloOf('x', { macs: ['52:54:00:25:02:02'] }))), 60_000)
})

test('the boot answer: the imager for a job or a wanted look, the disk for all else', (t) => {
  const { desk } = makeDesk()
  t.is(desk.bootAnswer(mac), 'local')
  desk.wantLook(mac)
  t.is(desk.bootAnswer(mac), 'imager')
  desk.hello(helloOf('look'))
  t.is(desk.bootAnswer(mac), 'local', 'it has been seen')
  desk.post(orderOf('action-1'))
  t.is(desk.bootAnswer(mac), 'imager')
})

test('a PC that never gets as far as the imager is not kept from its own system for ever', async (t) => {
  const { desk, clock } = makeDesk({ limits: { boots: { job: 4, look: 2 } } })
  const boots = async (count: number) => {
    const answers: string[] = []
    for (let boot = 0; boot < count; boot++) {
      // The boot programs of one start ask one after the other.
      const answer = desk.bootAnswer(mac)
      t.is(desk.bootAnswer(mac), answer)
      answers.push(answer)
      await clock.pass(120_000)
    }
    return answers
  }
  desk.wantLook(mac)
  t.deepEqual(await boots(4), ['imager', 'imager', 'local', 'local'])
  desk.post(orderOf('action-1'))
  t.deepEqual(await boots(6), ['imager', 'imager', 'imager', 'imager', 'local', 'local'])
  desk.post(orderOf('action-2'))
  t.deepEqual(await boots(1), ['imager'])
})

test('an unknown PC comes into the imager once a day, is noted, and never gets a job', async (t) => {
  const { desk, clock, discovered } = makeDesk()
  const strange = helloOf('strange', { macs: ['02:00:00:00:00:09', '02:00:00:00:00:0a'] })
  t.is(desk.bootAnswer('02:00:00:00:00:09'), 'imager')
  t.like(desk.hello(strange), { kind: 'local' })
  t.is(discovered.length, 1)
  t.is(desk.bootAnswer('02:00:00:00:00:09'), 'local')
  t.is(desk.bootAnswer('02:00:00:00:00:0a'), 'local', 'it is the same PC')
  t.is(desk.hello(helloOf('again', { macs: strange.macs })).kind, 'local')
  t.is(discovered.length, 1)
  await clock.pass(86_400_001)
  t.is(desk.bootAnswer('02:00:00:00:00:09'), 'imager')
  desk.hello(strange)
  t.is(discovered.length, 2)
})

test('an unknown PC whose imager does not come up is let alone after two tries', async (t) => {
  const { desk, clock } = makeDesk()
  const answers: string[] = []
  for (let boot = 0; boot < 4; boot++) {
    answers.push(desk.bootAnswer('02:00:00:00:00:09'))
    await clock.pass(120_000)
  }
  t.deepEqual(answers, ['imager', 'imager', 'local', 'local'])
})

test('made-up MAC addresses do not fill the store', (t) => {
  const { desk, discovered } = makeDesk()
  for (let index = 0; index < 5_000; index++) {
    const hex = index.toString(16).padStart(4, '0')
    const made = `02:00:00:00:${hex.slice(0, 2)}:${hex.slice(2)}`
    desk.bootAnswer(made)
    desk.hello(helloOf('made-up', { macs: [made] }))
  }
  t.is(discovered.length, 1_000)
})

test('uploads are for the capture that runs', (t) => {
  const { desk, clock } = makeDesk()
  desk.post(captureOf('capture-1'))
  const { token } = jobIn(t, desk.hello(helloOf('first')))
  t.is(desk.mayUpload(token), 'yes')
  t.is(desk.mayUpload('ab'.repeat(64)), 'later')
  const restarted = makeDesk({ clock }).desk
  t.is(restarted.mayUpload(token), 'later')
  restarted.post(captureOf('capture-1'))
  t.is(restarted.mayUpload(token), 'yes')
  desk.done(token, doneOf('capture-1'))
  t.not(desk.mayUpload(token), 'yes')
  desk.post(orderOf('action-2'))
  t.is(desk.mayUpload(jobIn(t, desk.hello(helloOf('second'))).token), 'no', 'a verification sends nothing')
})

async function overHttp(t: ExecutionContext, desk: Desk) {
  const { baseUrl } = await serve(t, [imagerRoutes(desk)])
  return (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${baseUrl}${path}`, {
      method: 'POST',
      headers,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
}

test('over HTTP: hello, progress and done, and plain answers to what is wrong', async (t) => {
  const { desk } = makeDesk()
  const post = await overHttp(t, desk)
  desk.post(orderOf('action-1'))
  const answered = await post('/imager/hello', helloOf('first'))
  const { token } = jobIn(t, (await answered.json()) as Answer)
  const authorization = `Bearer ${token}`
  t.is((await post('/imager/progress', progressOf('action-1'))).status, 401)
  t.is((await post('/imager/progress', progressOf('action-1'), { authorization })).status, 204)
  t.is((await post('/imager/done', doneOf('action-1'), { authorization })).status, 204)
  t.is((await post('/imager/done', doneOf('action-1'), { authorization })).status, 204)
  const over = await post('/imager/progress', progressOf('action-1'), { authorization })
  t.is(over.status, 410)
  t.like(await over.json(), { code: 'job-over' })
  const malformed = await post('/imager/hello', { ...helloOf('first'), surprise: 1 })
  t.is(malformed.status, 400)
  t.like(await malformed.json(), { code: 'hello-malformed' })
  t.is((await post('/imager/hello', '{')).status, 400)
  t.is((await post('/imager/hello', ' '.repeat(300_000))).status, 413)
  t.is((await post('/imager/nothing', {})).status, 404)
})
