import { execFileSync } from 'node:child_process'
import { lstat, mkdtemp, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { type Entry, packCpio } from '../../../imager/ramdisk/cpio.ts'

const entries: readonly Entry[] = [
  { kind: 'file', path: 'usr/bin/tool', mode: 0o755, bytes: Buffer.from('#!/bin/sh\necho hello\n') },
  { kind: 'file', path: 'etc/empty', mode: 0o644, bytes: new Uint8Array() },
  { kind: 'link', path: 'bin', target: 'usr/bin' },
  { kind: 'folder', path: 'tmp', mode: 0o1777 },
  { kind: 'file', path: 'etc/élève', mode: 0o600, bytes: Buffer.from('é') },
]

test('another program unpacks what was packed: contents, modes, links', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'cpio-'))
  try {
    execFileSync('cpio', ['--extract', '--quiet', '--make-directories'], {
      cwd: folder,
      input: packCpio(entries),
    })
    t.is(await readFile(join(folder, 'usr/bin/tool'), 'utf8'), '#!/bin/sh\necho hello\n')
    t.is(await readFile(join(folder, 'etc/élève'), 'utf8'), 'é')
    t.is((await readFile(join(folder, 'etc/empty'))).length, 0)
    t.is(await readlink(join(folder, 'bin')), 'usr/bin')
    const mode = async (path: string): Promise<number> => (await lstat(join(folder, path))).mode & 0o7777
    t.is(await mode('usr/bin/tool'), 0o755)
    t.is(await mode('etc/élève'), 0o600)
    t.is(await mode('tmp'), 0o1777)
    t.is(await mode('usr'), 0o755)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the order in which entries come does not matter', (t) => {
  t.deepEqual(packCpio([...entries].reverse()), packCpio(entries))
})

test('a folder stands before what is in it, also if its entry comes last', (t) => {
  const archive = packCpio([
    { kind: 'file', path: 'a/b/c', mode: 0o644, bytes: Buffer.from('c') },
    { kind: 'folder', path: 'a/b', mode: 0o700 },
  ]).toString('latin1')
  const places = ['a\0', 'a/b\0', 'a/b/c\0', 'TRAILER!!!\0'].map((name) => archive.indexOf(name))
  t.deepEqual(
    places,
    places.toSorted((one, other) => one - other),
  )
  t.is(archive.split('a/b\0').length, 2, 'once only')
  t.regex(archive, /070701[0-9a-f]{8}000041c0/, 'with the mode that its entry says')
})
