import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { git, json, scratch, snapshot, proviseur as startProviseur, writeFiles } from './command.ts'
import { proviseur } from './in-process.ts'
import { samplePark, writePark } from './sample-park.ts'

const broken = {
  ...samplePark(),
  'roles/poste.yaml': 'kind: Role\nname: poste\npackages:\n  geogebr: present\n',
  'lycees/victor-hugo.yaml': `${samplePark()['lycees/victor-hugo.yaml']}sitle: x\n`,
}

test('a sound park ends with 0 and tells its size', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writePark(folder.path)
  const ran = await proviseur(['check', folder.path])
  t.is(ran.code, 0, ran.stderr)
  t.regex(ran.stdout, /✓ sample {2}1 lycée, 2 machines {2}[\d,]+ ms/u)
  const french = await proviseur(['check', '--lang', 'fr'], { cwd: folder.path })
  t.regex(french.stdout, /1 lycée, 2 postes/u)
})

test('the park is found from a folder inside it', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writePark(folder.path)
  t.is((await proviseur(['check'], { cwd: join(folder.path, 'roles') })).code, 0)
})

test('all errors are told in one run, each with its place, its line and what was meant', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writeFiles(folder.path, broken)
  const ran = await proviseur(['check', folder.path])
  t.is(ran.code, 1)
  t.regex(ran.stdout, /^roles\/poste\.yaml:4:3: error: .*geogebr/mu)
  t.true(ran.stdout.includes('geogebr: present'))
  t.true(ran.stdout.includes('geogebra'))
  t.regex(ran.stdout, /^lycees\/victor-hugo\.yaml:10:1: error: .*sitle/mu)
  t.regex(ran.stdout, /✗ 2 errors/u)
})

test('--json gives the errors in the locale and nothing else', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writeFiles(folder.path, broken)
  const [en, fr] = await Promise.all(
    ['en', 'fr'].map((lang) => proviseur(['check', folder.path, '--json', '--lang', lang])),
  )
  t.is(en?.code, 1)
  t.is(en?.stderr, '')
  const found = JSON.parse(en?.stdout ?? '')
  t.is(found.length, 2)
  const one = found.find((diagnostic: { file: string }) => diagnostic.file === 'roles/poste.yaml')
  t.like(one, { severity: 'error', line: 4, column: 3 })
  t.is(typeof one.message, 'string')
  t.regex(one.code, /^[a-z-]+$/u)
  const french = JSON.parse(fr?.stdout ?? '').find(
    (diagnostic: { file: string }) => diagnostic.file === 'roles/poste.yaml',
  )
  t.is(french.code, one.code)
  t.not(french.message, one.message)
})

test('a sound park as JSON is an empty list', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writePark(folder.path)
  const ran = await proviseur(['check', folder.path, '--json'])
  t.is(ran.code, 0)
  t.deepEqual(json(ran), [])
})

test('a commit is checked as it was committed, whatever the folder holds now', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writePark(folder.path)
  await git(folder.path, 'init', '-q', '-b', 'main')
  await git(folder.path, 'add', '.')
  await git(folder.path, 'commit', '-qm', 'first')
  await writeFiles(folder.path, broken)
  t.is((await proviseur(['check', folder.path])).code, 1)
  t.is((await proviseur(['check', folder.path, '--rev', 'main'])).code, 0)
})

const refused: readonly (readonly [string, (folder: string) => readonly string[], string, RegExp])[] = [
  [
    'a folder that is not there',
    (folder) => ['check', join(folder, 'none')],
    'park-missing',
    /There is no folder .*none/u,
  ],
  [
    'a file in place of a folder',
    (folder) => ['check', join(folder, 'park.yaml')],
    'park-missing',
    /is a file: give the folder/u,
  ],
  [
    'a folder without Git, with --rev',
    (folder) => ['check', folder, '--rev', 'HEAD'],
    'no-repository',
    /not in a Git repository: leave --rev out/u,
  ],
]

for (const [what, args, code, message] of refused) {
  test(`${what} is refused with what to do`, async (t) => {
    const folder = await scratch()
    t.teardown(folder.remove)
    await writePark(folder.path)
    const ran = await proviseur(args(folder.path))
    t.is(ran.code, 1)
    t.regex(ran.stderr, message)
    const asJson = await proviseur([...args(folder.path), '--json'])
    t.is(json(asJson).error.code, code)
  })
}

test('outside of any park the command says how to start one', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  const ran = await proviseur(['check'], { cwd: folder.path })
  t.is(ran.code, 1)
  t.regex(ran.stderr, /no park\.yaml.*proviseur init my-park/u)
})

test('a revision that Git does not have is told as such', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writePark(folder.path)
  await git(folder.path, 'init', '-q')
  const ran = await proviseur(['check', folder.path, '--rev', 'nothing'])
  t.is(ran.code, 1)
  t.regex(ran.stderr, /no revision “nothing”/u)
})

test('check leaves the folder as it was, to the byte', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writePark(folder.path)
  const before = await snapshot(folder.path)
  await proviseur(['check', folder.path])
  t.deepEqual(await snapshot(folder.path), before)
})

test('colours come only when they are asked for, and NO_COLOR wins', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writePark(folder.path)
  const args = ['check', folder.path]
  const escapeCode = String.fromCharCode(27)
  t.false((await proviseur(args)).stdout.includes(escapeCode))
  t.true((await proviseur(args, { env: { FORCE_COLOR: '1' } })).stdout.includes(escapeCode))
  t.false((await proviseur(args, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout.includes(escapeCode))
})

/** Appends the address of every module that is loaded to the file in LOADED. */
const recorder = `import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
registerHooks({
  load: (url, context, next) => {
    appendFileSync(process.env.LOADED, url + '\\n')
    return next(url, context)
  },
})
`

test('checking loads nothing of what reaches machines or stores', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writePark(folder.path)
  await writeFiles(folder.path, { '.recorder.mjs': recorder })
  const loaded = join(folder.path, '.loaded')
  const env = { LOADED: loaded, NODE_OPTIONS: `--import=${join(folder.path, '.recorder.mjs')}` }
  t.is((await startProviseur(['check', folder.path], { env })).code, 0)
  const modules = await readFile(loaded, 'utf8')
  t.regex(modules, /specs\/compile\.ts/u)
  t.notRegex(modules, /node_modules\/(ssh2|pg|kysely|chokidar|node-wol)\/|\/providers\/|\/store\//u)
})
