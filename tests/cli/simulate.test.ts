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
