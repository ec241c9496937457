import { execFile } from 'node:child_process'
import { chmod, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { createKeyPair } from '../../cli/management-key.ts'
import { git, json, scratch, snapshot, writeFiles } from './command.ts'
import { proviseur } from './in-process.ts'

const run = promisify(execFile)

for (const lang of ['en', 'fr'] as const) {
  test(`a new park in ${lang} passes its own check without a warning, and can be planned`, async (t) => {
    const folder = await scratch()
    t.teardown(folder.remove)
    const park = join(folder.path, 'my-park')
    const made = await proviseur(['init', park, '--lang', lang])
    t.is(made.code, 0, made.stderr)
    t.regex(made.stdout, /\+ park\.yaml/u)
    t.regex(made.stdout, /ssh-ed25519 AAAA/u)
    const checked = await proviseur(['check', park, '--json'])
    t.is(checked.code, 0)
    t.deepEqual(json(checked), [])
    t.is((await proviseur(['plan', park])).code, 2)
  })
}

test('each spec file names its schema for editors, and the schema is there', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await proviseur(['init', folder.path])
  const files = await snapshot(folder.path, ['.git', '.proviseur'])
  const specs = Object.entries(files).filter(([path]) => path.endsWith('.yaml'))
  t.true(specs.length >= 5)
  for (const [path, text] of specs) {
    const schema = /^# yaml-language-server: \$schema=(\S+)/u.exec(text)?.[1] ?? ''
    t.truthy(files[join(path, '..', schema)], path)
  }
})

test('the management key is for its owner alone, and OpenSSH takes it', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  const { key } = json(await proviseur(['init', folder.path, '--json']))
  t.is((await stat(key.path)).mode & 0o777, 0o600)
  t.is((await stat(join(folder.path, '.proviseur'))).mode & 0o777, 0o700)
  const { stdout } = await run('ssh-keygen', ['-y', '-f', key.path])
  t.is(stdout.trim(), key.public)
})

test('every generated key can be loaded and is the pair of its public half', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  for (let index = 0; index < 40; index += 1) {
    const pair = createKeyPair(`k${index}`)
    const path = join(folder.path, `k${index}`)
    await writeFiles(folder.path, { [`k${index}`]: pair.private })
    await chmod(path, 0o600)
    const { stdout } = await run('ssh-keygen', ['-y', '-f', path])
    t.is(stdout, pair.public)
  }
})

test('the state folder stays out of Git', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writeFiles(folder.path, { '.gitignore': '*.bak' })
  await proviseur(['init', folder.path])
  t.is(await readFile(join(folder.path, '.gitignore'), 'utf8'), '*.bak\n.proviseur/\n')
  await git(folder.path, 'add', '.')
  t.notRegex(await git(folder.path, 'ls-files'), /proviseur|ed25519/u)
})

test('a second init changes nothing, and keeps the key', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await proviseur(['init', folder.path])
  const before = await snapshot(folder.path)
  const again = await proviseur(['init', folder.path, '--json'])
  t.is(again.code, 0)
  t.deepEqual(json(again).written, [])
  t.deepEqual(await snapshot(folder.path), before)
})

test('a park that is there already gets no example put into it', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  const park = 'kind: Park\nname: ours\ntimezone: Europe/Paris\n'
  await writeFiles(folder.path, { 'park.yaml': park })
  await proviseur(['init', folder.path])
  const files = await snapshot(folder.path, ['.git', '.proviseur', '.schema'])
  t.deepEqual(
    Object.keys(files).sort(),
    ['.git', '.gitignore', '.proviseur', '.schema', 'park.yaml'].filter((name) => name in files).sort(),
  )
  t.is(files['park.yaml'], park)
})

test('inside a repository no other one is made', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await git(folder.path, 'init', '-q')
  const made = json(await proviseur(['init', join(folder.path, 'park'), '--json']))
  t.is(made.repository, 'present')
})

test('schemas are printed one at a time or written all', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  const one = await proviseur(['schema', 'Lycee'])
  t.is(one.code, 0)
  t.is(json(one).type, 'object')
  t.deepEqual(json(await proviseur(['schema'])).required, ['kind'])
  const all = await proviseur(['schema', '--out', join(folder.path, 'schemas')])
  t.is(all.code, 0)
  t.is(all.stdout.trim().split('\n').length, Object.keys(await snapshot(join(folder.path, 'schemas'))).length)
  const wrong = await proviseur(['schema', 'Licee'])
  t.is(wrong.code, 1)
  t.regex(wrong.stderr, /Did you mean lycee\?/u)
})
