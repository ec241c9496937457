import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { interpreterOf, isElf, neededLibraries, withoutSections } from '../../../imager/ramdisk/elf.ts'

test('the loader and the libraries that a program asks for are read from it', async (t) => {
  const node = await readFile(process.execPath)
  t.true(isElf(node))
  t.is(interpreterOf(node), '/lib64/ld-linux-x86-64.so.2')
  const needed = neededLibraries(node)
  for (const name of ['libc.so.6', 'libstdc++.so.6', 'libm.so.6']) t.true(needed.includes(name), name)
  // The loader itself resolves exactly these.
  const resolved = execFileSync('/lib64/ld-linux-x86-64.so.2', ['--list', process.execPath], {
    encoding: 'utf8',
  })
  for (const name of needed) t.true(resolved.includes(name), name)
})

test('what is no program is not taken for one', (t) => {
  t.false(isElf(Buffer.from('#!/bin/sh\necho not a program, but long enough to be looked at as one\n')))
  t.false(isElf(Buffer.from([0x7f, 0x45, 0x4c, 0x46])))
})

test('a program runs without its sections, and is smaller', async (t) => {
  const node = await readFile(process.execPath)
  const bare = withoutSections(node)
  t.true(bare.length < node.length)
  const folder = await mkdtemp(join(tmpdir(), 'elf-'))
  try {
    const file = join(folder, 'node')
    await writeFile(file, bare, { mode: 0o755 })
    t.is(execFileSync(file, ['--print', '6 * 7'], { encoding: 'utf8' }), '42\n')
  } finally {
    await rm(folder, { recursive: true })
  }
})
