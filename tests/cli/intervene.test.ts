import { join } from 'node:path'
import test from 'ava'
import { json, scratch, snapshot, writeFiles } from './command.ts'
import { type CallOptions, proviseur } from './in-process.ts'
import { writePark } from './sample-park.ts'

const park = async (t: { teardown(fn: () => Promise<void>): void }) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writePark(folder.path)
  const run = (args: readonly string[], options: CallOptions = {}) =>
    proviseur(args, { cwd: folder.path, ...options })
  return { folder: folder.path, run }
}

test('a pause shows in status with who and why, and is gone after resume', async (t) => {
  const { run } = await park(t)
  const paused = await run(['pause', 'victor-hugo/b204', '--why', 'exam', '--for', '2h', '--who', 'jeanne'])
  t.is(paused.code, 0, paused.stderr)
  t.regex(paused.stdout, /^Paused victor-hugo\/b204 \(2 machines\), until /u)
  const status = json(await run(['status', '--json']))
  t.is(status.pauses.length, 1)
  t.like(status.pauses[0], { scope: { kind: 'room', id: 'victor-hugo/b204' }, who: 'jeanne', why: 'exam' })
  t.is(Date.parse(status.pauses[0].until) - Date.parse(status.pauses[0].at), 7_200_000)
  t.regex((await run(['status'])).stdout, /victor-hugo\/b204 {2}paused by jeanne, until .*exam/u)

  t.is((await run(['resume', 'b204'])).code, 0)
  t.deepEqual(json(await run(['status', '--json'])).pauses, [])
})

test('the audit log tells who did what', async (t) => {
  const { run } = await park(t)
  await run(['pause', 'park', '--why', 'holidays'])
  await run(['resume', 'parc', '--who', 'jeanne'])
  const lines = (await run(['log', '--json'])).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.deepEqual(
    lines.map(({ kind }) => kind),
    ['paused', 'resumed'],
  )
  t.regex(lines[0].actor, /^technician@/u)
  t.is(lines[1].actor, 'jeanne')
  t.regex((await run(['log', '--lang', 'fr'])).stdout, /Suspension de park.: holidays/u)
})

test('behind sudo the person counts, not root', async (t) => {
  const { run } = await park(t)
  await run(['pause', 'park', '--why', 'x'], { env: { USER: 'root', SUDO_USER: 'jeanne' } })
  t.regex(json(await run(['status', '--json'])).pauses[0].who, /^jeanne@/u)
})

const wrongPauses: readonly (readonly [string, readonly string[], number, string])[] = [
  ['without a reason', ['pause', 'park'], 64, 'why-missing'],
  ['with a duration that is none', ['pause', 'park', '--why', 'x', '--for', 'long'], 64, 'wrong-duration'],
  ['with a time that is none', ['pause', 'park', '--why', 'x', '--until', '2026-02-31'], 64, 'wrong-time'],
  [
    'until a time that has passed',
    ['pause', 'park', '--why', 'x', '--until', '2020-01-01'],
    64,
    'time-passed',
  ],
  ['with two ends', ['pause', 'park', '--why', 'x', '--until', '18:00', '--for', '2h'], 64, 'until-and-for'],
  ['of what is not in the park', ['pause', 'victor-higo', '--why', 'x'], 1, 'unknown-name'],
]

for (const [what, args, code, reason] of wrongPauses) {
  test(`a pause ${what} is refused, and nothing is paused`, async (t) => {
    const { run } = await park(t)
    const ran = await run([...args, '--json'])
    t.is(ran.code, code)
    t.is(json(ran).error.code, reason)
    t.deepEqual(json(await run(['status', '--json'])).pauses, [])
  })
}

test('resuming what is not paused says what is', async (t) => {
  const { run } = await park(t)
  await run(['pause', 'victor-hugo', '--why', 'x'])
  const ran = await run(['resume', 'b204'])
  t.is(ran.code, 1)
  t.regex(ran.stderr, /no pause of its own\. Paused: victor-hugo\./u)
})

test('an unknown machine brings the name that was probably meant', async (t) => {
  const { run } = await park(t)
  const ran = await run(['explain', 'b204-1'])
  t.is(ran.code, 1)
  t.regex(ran.stderr, /no machine “b204-1”\. Did you mean b204-01/u)
  t.regex(
    (await run(['explain', 'victor-hugo/b240-02', '--lang', 'fr'])).stderr,
    /Vouliez-vous dire victor-hugo\/b204-02.\?/u,
  )
})

test('a machine is known by its name, its full name and its MAC in any writing', async (t) => {
  const { run } = await park(t)
  for (const word of [
    'b204-01',
    'victor-hugo/b204-01',
    '52:54:00:25:02:01',
    '52-54-00-25-02-01',
    '5254.0025.0201',
    '525400250201',
  ]) {
    t.is(json(await run(['explain', word, '--json'])).machine, 'victor-hugo/b204-01', word)
  }
})

test('explain tells where each wanted value was written', async (t) => {
  const { run } = await park(t)
  const ran = await run(['explain', 'b204-01'])
  t.is(ran.code, 0)
  t.regex(ran.stdout, /package geogebra +roles\/poste\.yaml:5/u)
  t.regex(ran.stdout, /host name b204-01 +lycees\/victor-hugo\.yaml:8/u)
  const sections = json(await run(['explain', 'b204-01', '--json'])).sections
  const wanted = sections.find((section: { kind: string }) => section.kind === 'wanted')
  t.true(
    wanted.lines.some(
      (line: { file: string; line: number }) => line.file === 'roles/poste.yaml' && line.line === 5,
    ),
  )
})

test('status takes a lycée, a room or a machine, and a folder before it', async (t) => {
  const { folder, run } = await park(t)
  t.is(json(await run(['status', 'victor-hugo', '--json'])).counts.machines, 2)
  t.is(json(await run(['status', 'b204-02', '--json'])).counts.machines, 1)
  t.is(json(await proviseur(['status', folder, 'b204', '--json'])).scope.id, 'victor-hugo/b204')
  t.is((await run(['status', 'nowhere'])).code, 1)
})

test('nothing is written but in the state folder, wherever that is', async (t) => {
  const { folder, run } = await park(t)
  const state = await scratch()
  t.teardown(state.remove)
  const before = await snapshot(folder)
  await run(['pause', 'park', '--why', 'x', '--state', state.path])
  await run(['status', '--state', state.path])
  t.deepEqual(await snapshot(folder), before)
  await run(['pause', 'park', '--why', 'x'])
  t.deepEqual(await snapshot(folder, ['.proviseur']), before)
})

test('retry tells when there is nothing to forget', async (t) => {
  const { run } = await park(t)
  const ran = await run(['retry', 'b204-01', '--json'])
  t.is(ran.code, 0)
  t.deepEqual(json(ran), { machine: 'victor-hugo/b204-01', forgotten: 0 })
})

test('a store address that is none is refused with what to write', async (t) => {
  const { run } = await park(t)
  const ran = await run(['status', '--store', 'mysql://x'])
  t.is(ran.code, 1)
  t.regex(ran.stderr, /use sqlite:\/path\/to\/store\.db or postgres:/u)
})

test('a damaged store is told, not a stack trace', async (t) => {
  const { folder, run } = await park(t)
  await writeFiles(folder, {
    'bad.db': 'this is no database at all, and long enough to be taken for one'.repeat(20),
  })
  const ran = await run(['status', '--store', `sqlite:${join(folder, 'bad.db')}`])
  t.is(ran.code, 1)
  t.regex(ran.stderr, /^✗ The store is damaged/u)
  t.notRegex(ran.stderr, /\bat .*\.ts:/u)
})

test('a log before anything was stored says how to start', async (t) => {
  const { run } = await park(t)
  const ran = await run(['log'])
  t.is(ran.code, 1)
  t.regex(ran.stderr, /Start it with proviseur up/u)
})

test('a state folder that cannot be one is told with another way', async (t) => {
  const { folder, run } = await park(t)
  const ran = await run(['pause', 'park', '--why', 'x', '--state', join(folder, 'park.yaml')])
  t.is(ran.code, 1)
  t.regex(ran.stderr, /^✗ The store cannot be opened/u)
})
