import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'
import fc from 'fast-check'
import { compile } from '../../specs/compile.ts'
import { folderRevision, type ParkFiles } from '../../specs/files.ts'
import { ParkError } from '../../specs/park-error.ts'
import { readCommit } from '../../specs/read-commit.ts'
import { readFolder } from '../../specs/read-folder.ts'
import { deserialize, serialize } from '../../specs/serialize.ts'
import { compiled, machineOf } from './park.ts'

const run = promisify(execFile)
const example = await readFolder(fileURLToPath(new URL('../../examples/one-room/', import.meta.url)))
const rich = await readFolder(fileURLToPath(new URL('./fixtures/rich/', import.meta.url)))
const park: ParkFiles = new Map([...example, ...rich])

test('compiling does not depend on the order of the files', (t) => {
  const expected = serialize(compiled(park))
  fc.assert(
    fc.property(fc.shuffledSubarray([...park], { minLength: park.size }), (shuffled) => {
      t.is(serialize(compiled(new Map(shuffled))), expected)
    }),
    { numRuns: 30 },
  )
})

test('what a file is called moves origins, not what is wanted', (t) => {
  const moved = new Map(
    [...park].map(([path, bytes]) => [path === 'roles/poste.yaml' ? 'roles/all.yaml' : path, bytes]),
  )
  const [before, after] = [compiled(park), compiled(moved)]
  t.not(before.digest, after.digest)
  for (const [id, machine] of before.machines)
    t.is(machine.profile.digest, machineOf(after, id).profile.digest)
})

test('a desired state comes back from its bytes as it was, with its sharing', (t) => {
  const desired = compiled(park)
  const back = deserialize(serialize(desired))
  t.deepEqual(back, desired)
  t.is(serialize(back), serialize(desired))
  const profiles = (of: typeof desired): number =>
    new Set([...of.machines.values()].map(({ profile }) => profile)).size
  t.is(profiles(back), profiles(desired))
})

test('bytes of another format are not taken for ours', (t) => {
  t.throws(() => deserialize(serialize(compiled(park)).replace('"format":1', '"format":99')), {
    message: /format 99/,
  })
})

test('the place where a park is kept is not in the bytes', (t) => {
  t.false(serialize(compiled(park)).includes(dirname(fileURLToPath(import.meta.url))))
})

test('a folder’s revision follows names and contents', (t) => {
  const revision = folderRevision(park)
  t.regex(revision, /^folder:[0-9a-f]{64}$/)
  t.is(folderRevision(new Map([...park].reverse())), revision)
  t.not(folderRevision(new Map(park).set('x.yaml', new Uint8Array())), revision)
})

async function repositoryOf(files: ParkFiles, subfolder: string): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'proviseur-park-'))
  for (const [path, bytes] of files) {
    const target = join(root, subfolder, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, bytes)
  }
  const git = (...args: readonly string[]) =>
    run('git', ['-C', root, '-c', 'user.name=Léa', '-c', 'user.email=lea@example.fr', ...args])
  await git('init', '--quiet', '--initial-branch=main')
  await symlink('/etc/hostname', join(root, subfolder, 'linked.yaml'))
  await writeFile(join(root, subfolder, '.hidden.yaml'), 'kind: Nothing\n')
  await writeFile(join(root, 'outside.yaml'), 'kind: Nothing\n')
  await git('add', '--all')
  await git('commit', '--quiet', '--message', 'Parc de démonstration')
  return root
}

test('a commit compiles to the same bytes as the folder it was made from', async (t) => {
  const root = await repositoryOf(park, 'parcs/demo é')
  t.teardown(() => rm(root, { recursive: true }))
  const folder = join(root, 'parcs/demo é')
  const commit = await readCommit(folder, 'HEAD')
  const { stdout } = await run('git', ['-C', root, 'rev-parse', 'HEAD'])
  t.is(commit.revision as string, stdout.trim())
  t.is(commit.author, 'Léa <lea@example.fr>')
  t.is(commit.subject, 'Parc de démonstration')
  t.deepEqual([...commit.files.keys()].sort(), [...park.keys()].sort())
  t.is(serialize(compiled(commit.files)), serialize(compiled(await readFolder(folder))))
})

test('what is not committed is not read from a commit', async (t) => {
  const root = await repositoryOf(park, '')
  t.teardown(() => rm(root, { recursive: true }))
  await writeFile(join(root, 'park.yaml'), 'not: yaml: at all')
  await rm(join(root, 'outside.yaml'))
  const { files } = await readCommit(root, 'main')
  const errors = compile(files).diagnostics.filter(({ severity }) => severity === 'error')
  t.deepEqual(
    errors.map(({ file, code }) => [file, code]),
    [['outside.yaml', 'unknown-kind']],
  )
})

test('what cannot be read says why', async (t) => {
  const bare = await mkdtemp(join(tmpdir(), 'proviseur-none-'))
  const root = await repositoryOf(park, '')
  t.teardown(async () => {
    await rm(bare, { recursive: true })
    await rm(root, { recursive: true })
  })
  const codeOf = async (reading: Promise<unknown>): Promise<string> => {
    const error = await t.throwsAsync(reading, { instanceOf: ParkError })
    return error instanceof ParkError ? error.code : ''
  }
  t.is(await codeOf(readCommit(bare, 'HEAD')), 'not-a-repository')
  t.is(await codeOf(readCommit(root, 'no-such-branch')), 'unknown-revision')
  t.is(await codeOf(readCommit(root, '--upload-pack=evil')), 'unknown-revision')
  t.is(await codeOf(readCommit(join(root, 'nowhere'), 'HEAD')), 'no-folder')
  t.is(await codeOf(readFolder(join(root, 'nowhere'))), 'no-folder')
  await mkdir(join(root, 'new'))
  t.is(await codeOf(readCommit(join(root, 'new'), 'HEAD')), 'no-folder-in-revision')
})
