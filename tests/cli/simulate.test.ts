import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { scratch } from './command.ts'
import { proviseur } from './in-process.ts'

const night = ['--seed', '3', '--days', '1', '--calm', '0']

test('a picture that could not be written is told before anything is played', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await proviseur(['init', folder.path])
  const missing = join(folder.path, 'nowhere')
  const { code, stdout, stderr } = await proviseur([
    'simulate',
    folder.path,
    ...night,
    '--svg',
    join(missing, 'x.svg'),
  ])
  t.not(code, 0)
  t.true(stderr.includes(missing))
  t.is(stdout, '')
})

test('the night’s table is there, and the picture beside it', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await proviseur(['init', folder.path])
  const picture = join(folder.path, 'waves.svg')
  const { stdout, stderr } = await proviseur(['simulate', folder.path, ...night, '--svg', picture])
  t.regex(stdout, /proviseur simulate .*--seed 3/u, stderr)
  t.regex(await readFile(picture, 'utf8'), /^<svg|^<\?xml/u)
})

test('in French as well: few PCs are counted as French counts them, and the picture names the revision as the table does', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await proviseur(['init', folder.path])
  const picture = join(folder.path, 'vagues.svg')
  const french = ['--lang', 'fr', '--faults', 'none', '--svg', picture]
  const { stdout } = await proviseur(['simulate', folder.path, ...night, ...french])
  const [, count, word, revision = '?'] =
    /(\d+) postes? sur \d+ (conformes?) à (folder:[0-9a-f]{12})\b/u.exec(stdout) ?? []
  t.is(word, Number(count) < 2 ? 'conforme' : 'conformes', stdout)
  t.true((await readFile(picture, 'utf8')).includes(`la révision ${revision} `))
})
