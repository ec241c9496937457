import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { git, json, scratch, proviseur as startProviseur, writeFiles } from './command.ts'
import { proviseur } from './in-process.ts'
import { closedPort, samplePark, writePark } from './sample-park.ts'

type Teardown = { teardown(fn: () => Promise<void>): void }

/** A park with its key whose machines are on the loopback, where nothing listens. */
const ready = async (t: Teardown): Promise<string> => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writePark(folder.path, await closedPort())
  const made = await proviseur(['init', folder.path])
  if (made.code !== 0) throw new Error(made.stderr)
  return folder.path
}

const events = (stdout: string): readonly { readonly kind: string; readonly [field: string]: unknown }[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

test('up --once ends with 3 and says why where no machine can be reached', async (t) => {
  const folder = await ready(t)
  const ran = await proviseur(['up', folder, '--once'])
  t.is(ran.code, 3, ran.stderr)
  t.regex(ran.stdout, /Revision folder:[0-9a-f]{12}: 2 machines/u)
  t.regex(ran.stdout, /victor-hugo\/b204-01 .*nothing listens for SSH/u)
  t.regex(ran.stdout, /Nothing more can be done now: 0 of 2 machines as wanted/u)
  const status = json(await proviseur(['status', folder, '--json']))
  t.like(status.counts, { machines: 2, unknown: 2 })
  t.true(status.started)
  t.is(status.machines[0].code, 'ssh-refused')
  const explained = await proviseur(['explain', 'b204-02', '--lang', 'fr'], { cwd: folder })
  t.regex(explained.stdout, /rien n’écoute en SSH/u)
})

test('with --json each line is one event, and the last tells the result', async (t) => {
  const folder = await ready(t)
  const ran = await proviseur(['up', folder, '--once', '--json'])
  t.is(ran.code, 3)
  const told = events(ran.stdout)
  t.is(told[0]?.kind, 'started')
  t.true(told.some(({ kind, machine }) => kind === 'observed' && machine === 'victor-hugo/b204-01'))
  t.like(told.at(-1), { kind: 'finished', result: 'blocked', machines: 2, converged: 0 })
})

test('a branch is followed as it was committed, not as the folder is', async (t) => {
  const folder = await ready(t)
  await git(folder, 'add', '.')
  await git(folder, 'commit', '-qm', 'first')
  await writeFiles(folder, { 'park.yaml': 'kind: Park\n' })
  const ran = await proviseur(['up', folder, '--once', '--rev', 'main', '--json'])
  t.is(ran.code, 3, ran.stdout)
  const revision = events(ran.stdout).find(({ kind }) => kind === 'revision')
  t.is(revision?.['revision'], await git(folder, 'rev-parse', 'main'))
})

for (const mode of ['folder', 'branch'] as const) {
  test(`up goes on until it is told to stop, and takes a new revision of the ${mode}`, async (t) => {
    const folder = await ready(t)
    await git(folder, 'add', '.')
    await git(folder, 'commit', '-qm', 'first')
    let changed = false
    let stopped = false
    const change = async (): Promise<void> => {
      const lycee = samplePark()['lycees/victor-hugo.yaml'] ?? ''
      await writeFiles(folder, {
        'lycees/victor-hugo.yaml': `${lycee}      b204-03: { mac: 52:54:00:25:02:03, address: 127.0.0.3 }\n`,
      })
      if (mode === 'branch') await git(folder, 'commit', '-qam', 'one more')
    }
    const ran = await startProviseur(
      ['up', folder, '--json', ...(mode === 'branch' ? ['--rev', 'main'] : [])],
      {
        watch: (output, signal) => {
          if (!changed && output.includes('"kind":"decided"')) {
            changed = true
            change().catch(t.fail)
          }
          if (!stopped && output.includes('victor-hugo/b204-03')) {
            stopped = true
            signal('SIGINT')
          }
        },
      },
    )
    t.is(ran.code, 0, ran.stderr)
    const told = events(ran.stdout)
    t.deepEqual(
      told.filter(({ kind }) => kind === 'revision').map(({ machines }) => machines),
      [2, 3],
    )
    t.deepEqual(
      told.slice(-2).map(({ kind }) => kind),
      ['stopping', 'finished'],
    )
  })
}

test('a broken change is told, and machines keep what they were to have', async (t) => {
  const folder = await ready(t)
  t.is((await proviseur(['up', folder, '--once'])).code, 3)
  const before = json(await proviseur(['status', folder, '--json'])).revision
  await writeFiles(folder, { 'roles/poste.yaml': 'kind: Role\nname: poste\npackages:\n  geogebr: present\n' })
  const ran = await proviseur(['up', folder, '--once'])
  t.is(ran.code, 3)
  t.regex(ran.stderr, /roles\/poste\.yaml:4:3: error/u)
  t.is(json(await proviseur(['status', folder, '--json'])).revision, before)
})

test('a park that was broken from the start is not started at all', async (t) => {
  const folder = await ready(t)
  await writeFiles(folder, { 'park.yaml': 'kind: Park\n' })
  const ran = await proviseur(['up', folder, '--once'])
  t.is(ran.code, 1)
  t.regex(ran.stderr, /nothing of it is applied/u)
  const told = events((await proviseur(['up', folder, '--once', '--json'])).stdout)
  t.deepEqual(
    told.map(({ kind, code }) => [kind, code]),
    [['revision-refused', 'park-broken']],
  )
})

test('a revision that drops most of the park is held until it is approved by name', async (t) => {
  const folder = await ready(t)
  t.is((await proviseur(['up', folder, '--once'])).code, 3)
  const lycee = samplePark()['lycees/victor-hugo.yaml'] ?? ''
  await writeFiles(folder, { 'lycees/victor-hugo.yaml': lycee.replace(/^ +b204-02.*\n/mu, '') })
  const held = await proviseur(['up', folder, '--once', '--json'])
  t.is(held.code, 3)
  const refused = events(held.stdout).find(({ kind }) => kind === 'revision-refused')
  t.is(refused?.['code'], 'removes-too-much')
  t.is(json(await proviseur(['status', folder, '--json'])).counts.machines, 2)

  const revision = String(refused?.['revision'])
  t.regex(
    (await proviseur(['status', folder])).stdout,
    /would stop managing 1 of 2.*\n +To let it through: proviseur approve folder:/u,
  )
  const wrong = await proviseur(['approve', '1234567', '--park', folder])
  t.is(wrong.code, 1)
  t.true(wrong.stderr.includes(revision.slice(0, 19)), wrong.stderr)
  const approved = await proviseur(['approve', revision.slice(0, 19), '--park', folder, '--who', 'jeanne'])
  t.is(approved.code, 0, approved.stderr)
  t.is(json(await proviseur(['status', folder, '--json'])).counts.machines, 1)
  const log = events((await proviseur(['log', '--park', folder, '--json'])).stdout)
  t.like(
    log.find(({ kind }) => kind === 'revision-approved'),
    { actor: 'jeanne', revision },
  )
  t.is((await proviseur(['approve', revision.slice(0, 19), '--park', folder])).code, 1)
  t.is((await proviseur(['up', folder, '--once', '--json'])).code, 3)
  t.is(json(await proviseur(['status', folder, '--json'])).counts.machines, 1)
})

test('a new epoch raises the target above all before, with who and why, and a held revision stays held', async (t) => {
  const folder = await ready(t)
  const raise = (...more: readonly string[]) => proviseur(['new-epoch', '--park', folder, ...more])
  t.is(json(await raise('--why', 'x', '--json')).error.code, 'no-store')
  t.is((await proviseur(['up', folder, '--once'])).code, 3)
  const before = json(await proviseur(['status', folder, '--json']))
  const unexplained = await raise('--json')
  t.is(unexplained.code, 64)
  t.is(json(unexplained).error.code, 'why-missing')

  const lycee = samplePark()['lycees/victor-hugo.yaml'] ?? ''
  await writeFiles(folder, { 'lycees/victor-hugo.yaml': lycee.replace(/^ +b204-02.*\n/mu, '') })
  t.is((await proviseur(['up', folder, '--once'])).code, 3)
  const seconds = Math.floor(Date.now() / 1000)
  const raised = await raise('--why', 'store restored', '--who', 'jeanne')
  t.is(raised.code, 0, raised.stderr)
  const first = json(await proviseur(['status', folder, '--json']))
  t.is(first.revision, before.revision)
  t.true(first.fence.epoch >= seconds)
  t.is(first.fence.generation, 1)
  t.is(first.waiting.kind, 'revision-held')
  const log = events((await proviseur(['log', '--park', folder, '--json'])).stdout)
  t.like(
    log.findLast(({ kind }) => kind === 'target-moved'),
    { actor: 'jeanne', revision: before.revision },
  )
  t.regex(
    (await proviseur(['log', '--park', folder, '--lang', 'fr'])).stdout,
    /Nouvelle époque \d+.: store restored/u,
  )
  const again = await raise('--why', 'once more', '--json')
  t.true(json(again).fence.epoch > first.fence.epoch)
  t.is((await proviseur(['up', folder, '--once'])).code, 3)
  t.deepEqual(json(await proviseur(['status', folder, '--json'])).fence, json(again).fence)
})

test('a missing key is told with how to make one', async (t) => {
  const folder = await ready(t)
  await rm(join(folder, '.proviseur/ssh'), { recursive: true })
  const ran = await proviseur(['up', folder, '--once'])
  t.is(ran.code, 1)
  t.regex(ran.stderr, /There is no SSH key .*proviseur init/u)
})

test('a key that others can read is not used', async (t) => {
  const folder = await ready(t)
  await chmod(join(folder, '.proviseur/ssh/id_ed25519'), 0o644)
  const ran = await proviseur(['up', folder, '--once', '--lang', 'fr'])
  t.is(ran.code, 1)
  t.regex(ran.stderr, /lisible par d’autres.*chmod 600/u)
})

test('a public key in place of the private one is told as such', async (t) => {
  const folder = await ready(t)
  const file = join(folder, '.proviseur/ssh/id_ed25519.pub')
  await chmod(file, 0o600)
  const ran = await proviseur(['up', folder, '--once', '--ssh-key', file])
  t.is(ran.code, 1)
  t.regex(ran.stderr, /not a private SSH key\. Give the file without \.pub/u)
})

test('an interval or a concurrency that is none is a wrong command line', async (t) => {
  const folder = await ready(t)
  t.is((await proviseur(['up', folder, '--interval', 'soon'])).code, 64)
  t.is((await proviseur(['up', folder, '--concurrency', '0'])).code, 64)
})

test('waking and trusting tell of each machine what came of it', async (t) => {
  const folder = await ready(t)
  const trusted = await proviseur(['trust', 'b204', '--yes', '--json', '--park', folder])
  t.is(trusted.code, 1)
  t.deepEqual(json(trusted).machines, [])
  t.is(json(trusted).unread.length, 2)
  t.is(json(trusted).unread[0].code, 'ssh-refused')
})
