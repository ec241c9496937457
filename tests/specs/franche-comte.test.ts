import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { generate } from '../../examples/franche-comte/generate.ts'
import { drawsOf } from '../../examples/franche-comte/generator/draw.ts'
import { departements, lycees } from '../../examples/franche-comte/generator/lycees.ts'
import { compile } from '../../specs/compile.ts'
import { readFolder } from '../../specs/read-folder.ts'

const folder = fileURLToPath(new URL('../../examples/franche-comte/', import.meta.url))
const files = await readFolder(folder)
const { desired, diagnostics } = compile(files)

test('the region compiles without an error or a warning', (t) => {
  t.deepEqual(
    diagnostics.map(({ file, line, message }) => `${file}:${line} ${message.en}`),
    [],
  )
})

test('the region has 53 lycées, 15,000 PCs and a server in each lycée', (t) => {
  t.is(desired?.sites.size, 53)
  t.is(desired?.machines.size, 15_000)
  t.deepEqual(
    [...(desired?.sites.values() ?? [])].filter(({ server }) => server === undefined),
    [],
  )
})

test('the lycées are those that the generator writes, to the last byte, and no others', async (t) => {
  const written = generate()
  const stale: string[] = []
  for (const [path, text] of written)
    if ((await readFile(folder + path, 'utf8').catch(() => undefined)) !== text) stale.push(path)
  t.deepEqual(stale, [], 'run bin/node examples/franche-comte/generate.ts')
  t.deepEqual(
    (await readdir(`${folder}lycees`)).map((name) => `lycees/${name}`).sort(),
    [...written.keys()].sort(),
  )
})

test('every département, every kind of lycée and uplinks from 20 to 100 Mbit/s are there', (t) => {
  t.is(new Set(lycees.map(({ departement }) => departement)).size, Object.keys(departements).length)
  t.is(new Set(lycees.map(({ teaching }) => teaching)).size, 5)
  const uplinks = lycees.map(({ uplinkMbit }) => uplinkMbit)
  t.is(Math.min(...uplinks), 20)
  t.is(Math.max(...uplinks), 100)
})

test('the canary room and the pilot lycées of the first waves have PCs', (t) => {
  const machines = [...(desired?.machines.values() ?? [])]
  t.is(machines.filter(({ room }) => room === 'victor-hugo/b204').length, 18)
  const pilots = machines.filter(({ labels }) => labels.includes('pilote')).map(({ site }): string => site)
  t.deepEqual(
    [...new Set(pilots)].sort(),
    lycees
      .filter(({ labels }) => labels.includes('pilote'))
      .map(({ name }) => name)
      .sort(),
  )
})

test('no lycée lets a PC be rewritten on an exam day', (t) => {
  const without = [...(desired?.machines.values() ?? [])].filter(
    ({ profile }) => !profile.windows.some((window) => window.deny),
  )
  t.deepEqual(
    without.slice(0, 3).map(({ id }) => id),
    [],
  )
})

test('the whole example is less than 2 MB', (t) => {
  t.true([...files.values()].reduce((sum, { length }) => sum + length, 0) < 2_000_000)
})

test('draws are the same for the same name, and others for another', (t) => {
  const three = (name: string): readonly number[] => Array.from({ length: 3 }, drawsOf(name))
  t.deepEqual(three('jules-haag'), three('jules-haag'))
  t.notDeepEqual(three('jules-haag'), three('jules-viette'))
})
