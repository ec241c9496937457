import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { openStore } from '../../reconciler/store/open.ts'
import { compile } from '../../specs/compile.ts'
import { desiredRevision } from '../../specs/files.ts'
import { readFolder } from '../../specs/read-folder.ts'
import { serialize } from '../../specs/serialize.ts'
import { git, json, scratch, snapshot, writeFiles } from './command.ts'
import { proviseur } from './in-process.ts'
import { samplePark, writePark } from './sample-park.ts'

const committed = async (t: { teardown(fn: () => Promise<void>): void }): Promise<string> => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writePark(folder.path)
  await git(folder.path, 'init', '-q', '-b', 'main')
  await git(folder.path, 'add', '.')
  await git(folder.path, 'commit', '-qm', 'first')
  return folder.path
}

/** As if `up` had taken the folder as it is, and seen no machine yet. */
const keepAsTarget = async (folder: string): Promise<void> => {
  const { desired } = compile(await readFolder(folder))
  if (desired === undefined) throw new Error('the park is broken')
  await mkdir(join(folder, '.proviseur'), { recursive: true })
  const store = await openStore(`sqlite:${join(folder, '.proviseur/store.db')}`)
  try {
    const revision = desiredRevision(desired)
    await store.putRevision(revision, desired.digest, serialize(desired), 0)
    const fence = { epoch: 1, generation: 1 }
    await store.advanceTarget({ fence, parent: null, revision, desired: desired.digest, at: 0 })
  } finally {
    await store.close()
  }
}

test('machines that were never seen are told plainly to be unknown', async (t) => {
  const folder = await committed(t)
  const ran = await proviseur(['plan', folder])
  t.is(ran.code, 2, ran.stderr)
  t.regex(ran.stdout, /2 machines, 0 as wanted, 0 to change, 2 unknown/u)
  t.regex(ran.stdout, /Never seen yet/u)
  t.regex(ran.stdout, /no store yet/u)
})

test('planning neither makes a store nor touches the park', async (t) => {
  const folder = await committed(t)
  const before = await snapshot(folder)
  await proviseur(['plan', folder])
  await proviseur(['plan', folder, '--rev', 'main', '--json'])
  await proviseur(['status', folder])
  await proviseur(['explain', 'b204-01'], { cwd: folder })
  t.deepEqual(await snapshot(folder), before)
})

test('a folder and its commit give the same plan but for the revision', async (t) => {
  const folder = await committed(t)
  const [dir, rev] = await Promise.all([
    proviseur(['plan', folder, '--json']),
    proviseur(['plan', folder, '--json', '--rev', 'main']),
  ])
  const { revision: fromFolder, at: atFolder, ...folderPlan } = json(dir)
  const { revision: fromCommit, at: atCommit, ...commitPlan } = json(rev)
  t.regex(fromFolder, /^folder:[0-9a-f]{64}$/u)
  t.is(fromCommit, await git(folder, 'rev-parse', 'main'))
  t.regex(atFolder, /^\d{4}-\d\d-\d\dT.*Z$/u)
  t.is(typeof atCommit, 'string')
  t.deepEqual(folderPlan, commitPlan)
})

test('the plan as JSON has a decision with its reason for each machine', async (t) => {
  const plan = json(await proviseur(['plan', await committed(t), '--format', 'json']))
  t.deepEqual(
    plan.machines.map((one: { machine: string }) => one.machine),
    ['victor-hugo/b204-01', 'victor-hugo/b204-02'],
  )
  t.like(plan.machines[0], {
    lycee: 'victor-hugo',
    room: 'victor-hugo/b204',
    decision: 'unknown',
    code: 'never-seen',
    changes: [],
  })
  t.like(plan.counts, { machines: 2, unknown: 2, converged: 0 })
})

test('compared with a base, the plan tells what the revision adds', async (t) => {
  const folder = await committed(t)
  await writeFiles(folder, {
    'packages/blender.yaml': 'kind: Package\nname: blender\ndebian: { apt: blender }\n',
    'roles/poste.yaml':
      'kind: Role\nname: poste\nssh: { port: 9 }\npackages:\n  geogebra: absent\n  blender: present\n',
  })
  const ran = await proviseur(['plan', folder, '--base', 'main'])
  t.is(ran.code, 2)
  t.regex(ran.stdout, /package blender: present/u)
  t.regex(ran.stdout, /package geogebra: absent \(was: present\)/u)
  const markdown = await proviseur(['plan', folder, '--base', 'main', '--format', 'markdown', '--lang', 'fr'])
  t.is(markdown.code, 2)
  t.regex(markdown.stdout, /^\*\*2 postes/u)
  t.regex(markdown.stdout, /^- .*paquet blender.*présent/mu)
})

const withWaves = {
  'packages/blender.yaml': 'kind: Package\nname: blender\ndebian: { apt: blender }\n',
  'roles/poste.yaml':
    'kind: Role\nname: poste\nssh: { port: 9 }\npackages:\n  geogebra: present\n  blender: present\n',
  'park.yaml':
    'kind: Park\nname: sample\ntimezone: Europe/Paris\nrollout:\n  waves:\n    - { percent: 50 }\n    - { percent: 100, approval: true }\n',
}

test('compared with a base, the plan forecasts when each wave would begin and end', async (t) => {
  const folder = await committed(t)
  await writeFiles(folder, withWaves)
  const base = ['plan', folder, '--base', 'main']
  const { stdout } = await proviseur(base)
  t.regex(stdout, /^Forecast: /mu)
  t.regex(stdout, /^ {2}wave 1 of 2 \(1 machine\): \w{3} \d+ \w{3} \d{4}, \d\d:\d\d to /mu)
  t.regex(stdout, /^ {2}wave 2 of 2 \(1 machine\): once somebody has approved it, not before /mu)
  const { forecast } = json(await proviseur([...base, '--json']))
  t.like(forecast, { of: 2, misfits: [], left: [], assumed: { length: 2 } })
  t.deepEqual(
    forecast.waves.map(({ wave, machines, approval }: Record<string, unknown>) => [wave, machines, approval]),
    [
      [1, 1, false],
      [2, 1, true],
    ],
  )
  const [first, second] = forecast.waves
  // Woken, and one package: 3 min, 1 min and 45 s; then an hour of soak.
  t.is(Date.parse(first.to) - Date.parse(first.from), 285_000)
  t.is(Date.parse(second.opensAt) - Date.parse(first.metAt), 3_600_000)
  t.like(first.lycees[0], { lycee: 'victor-hugo', machines: 1, from: first.from, to: first.to })
  const markdown = await proviseur([...base, '--format', 'markdown', '--lang', 'fr'])
  t.regex(markdown.stdout, /^### Prévision/mu)
  t.regex(markdown.stdout, /^\| vague 1 sur 2 \| 1 \| 1 \|/mu)
})

test('with a store, the plan forecasts what the present target does not ask for yet', async (t) => {
  const folder = await committed(t)
  await keepAsTarget(folder)
  t.is(json(await proviseur(['plan', folder, '--json'])).forecast, undefined, 'nobody knows what to do')
  await writeFiles(folder, withWaves)
  const { forecast } = json(await proviseur(['plan', folder, '--json']))
  t.like(forecast, { of: 2, waves: { length: 2 }, assumed: { length: 2 } })
  t.deepEqual(
    forecast.waves.map(({ wave }: { wave: number }) => wave),
    [1, 2],
  )
})

test('compared with a base, a revision that would be held is told to be so', async (t) => {
  const folder = await committed(t)
  const lycee = samplePark()['lycees/victor-hugo.yaml'] ?? ''
  await writeFiles(folder, { 'lycees/victor-hugo.yaml': lycee.replace(/^ +b204-02.*\n/mu, '') })
  const base = ['plan', folder, '--base', 'main']
  const ran = await proviseur(base)
  t.is(ran.code, 2)
  t.regex(ran.stdout, /^Held until somebody approves it\n +The revision would stop managing 1 of 2/mu)
  const markdown = await proviseur([...base, '--format', 'markdown', '--lang', 'fr'])
  t.regex(markdown.stdout, /^### Retenue .*\n\n- La révision cesserait de gérer/mu)
  const { admission } = json(await proviseur([...base, '--json']))
  t.like(admission, { kind: 'held', code: 'removes-too-much', share: 0.5 })
  t.deepEqual(admission.removed, ['victor-hugo/b204-02'])
  const same = json(await proviseur([...base, '--rev', 'main', '--json']))
  t.deepEqual(same.admission, { kind: 'admitted' })
})

test('compared with itself, a revision changes nothing: 0', async (t) => {
  const folder = await committed(t)
  const ran = await proviseur(['plan', folder, '--base', 'main', '--rev', 'main'])
  t.is(ran.code, 0)
  t.regex(ran.stdout, /nothing else than before/u)
})

test('a broken park is not planned: its errors are shown, and 1', async (t) => {
  const folder = await committed(t)
  await writeFiles(folder, { 'park.yaml': 'kind: Park\nname: sample\ntimezone: Mars/Olympus\n' })
  const ran = await proviseur(['plan', folder])
  t.is(ran.code, 1)
  t.is(ran.stdout, '')
  t.regex(ran.stderr, /park\.yaml:3:11: error/u)
  t.regex(ran.stderr, /The park has 1 error/u)
  t.is(json(await proviseur(['plan', folder, '--json'])).error.code, 'park-broken')
})
