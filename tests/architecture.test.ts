import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { emptyName, mustBePure, refuseImport } from './architecture/rules.ts'
import { importsOf, impurities, parse } from './architecture/source-file.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folders = [
  'specs',
  'reconciler',
  'providers',
  'imaging',
  'imager',
  'cli',
  'console',
  'examples',
  'tests',
] as const

type SourceText = { readonly file: string; readonly text: string }

/** Every TypeScript file of the project; folders that later versions will have are looked for as well. */
async function sources(): Promise<readonly SourceText[]> {
  const found: SourceText[] = []
  const present = new Set((await readdir(root, { withFileTypes: true })).map((entry) => entry.name))
  for (const folder of folders.filter((name) => present.has(name))) {
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (!entry.isFile() || !/\.[mc]?tsx?$/.test(entry.name) || path.includes('node_modules')) continue
      const file = path.slice(root.length + 1).replaceAll('\\', '/')
      found.push({ file, text: await readFile(path, 'utf8') })
    }
  }
  return found
}

function badImports({ file, text }: SourceText): readonly string[] {
  return importsOf(parse(file, text)).flatMap(({ specifier, typeOnly, line }) => {
    const internal = specifier.startsWith('.')
    const target = internal ? posix.join(posix.dirname(file), specifier) : specifier
    const why = refuseImport(file, { target, internal, typeOnly })
    return why === undefined ? [] : [`${file}:${line}: ${why}`]
  })
}

function badWords({ file, text }: SourceText): readonly string[] {
  if (!mustBePure(file)) return []
  return impurities(parse(file, text)).map(({ line, what }) => `${file}:${line}: ${what} in a pure file`)
}

const list = (offenders: readonly string[]): string => `\n${offenders.join('\n')}\n`

test('every file imports only what its part of the project may import', async (t) => {
  const all = await sources()
  t.true(all.length > 20)
  const offenders = all.flatMap(badImports)
  t.is(offenders.length, 0, list(offenders))
})

test('pure files neither wait, nor read a clock, nor draw lots, nor touch the world', async (t) => {
  const all = await sources()
  t.true(all.some(({ file }) => file === 'reconciler/plan.ts' && mustBePure(file)))
  const offenders = all.flatMap(badWords)
  t.is(offenders.length, 0, list(offenders))
})

test('every file is named as what it holds', async (t) => {
  const offenders = (await sources()).map(({ file }) => file).filter(emptyName)
  t.is(offenders.length, 0, list(offenders))
})

const forbidden: readonly (readonly [file: string, text: string])[] = [
  ['specs/compile.ts', "import { plan } from '../reconciler/plan.ts'"],
  ['specs/compile.ts', "import type { Change } from '../reconciler/model/change.ts'"],
  ['reconciler/model/change.ts', "import { say } from '../../specs/text.ts'"],
  ['reconciler/model/change.ts', "import { plan } from '../plan.ts'"],
  ['reconciler/model/change.ts', "import { z } from 'zod'"],
  ['reconciler/plan.ts', "import { compile } from '../specs/compile.ts'"],
  ['reconciler/plan.ts', "import type { Clock } from './ports.ts'"],
  ['reconciler/plan.ts', "import { openStore } from './store/open.ts'"],
  ['reconciler/plan.ts', "import { execute } from './loop/execute.ts'"],
  ['reconciler/plan.ts', "export * from './loop/loop.ts'"],
  ['reconciler/plan.ts', "import { readFileSync } from 'node:fs'"],
  ['reconciler/plan.ts', "import { sql } from 'kysely'"],
  ['reconciler/plan.ts', "const later = import('./loop/loop.ts')"],
  ['reconciler/loop/loop.ts', "import { compile } from '../../specs/compile.ts'"],
  ['reconciler/loop/loop.ts', "import { createSshProvider } from '../../providers/ssh/provider.ts'"],
  ['reconciler/hub/api.ts', "import type { Provider } from '../../providers/ssh/provider.ts'"],
  ['providers/packages/apply.ts', "import { probe } from '../scripts/probe.ts'"],
  ['providers/packages/apply.ts', "import type { Probe } from '../scripts/probe.ts'"],
  ['providers/packages/apply.ts', "import { plan } from '../../reconciler/plan.ts'"],
  ['providers/packages/apply.ts', "import { compile } from '../../specs/compile.ts'"],
  ['providers/packages/apply.ts', "import { main } from '../../cli/main.ts'"],
  ['providers/ssh/connection.ts', "import { apply } from '../packages/apply.ts'"],
  ['imager/main.ts', "import { connect } from '../providers/ssh/connection.ts'"],
  ['imager/agent/main.ts', "import type { Action } from '../../reconciler/model/plan.ts'"],
  ['imager/agent/main.ts', "import { compile } from '../../specs/compile.ts'"],
  ['imaging/codec.ts', "import { plan } from '../reconciler/plan.ts'"],
  ['imaging/codec.ts', "import type { Layout } from '../specs/desired.ts'"],
  ['imaging/codec.ts', "import { restore } from '../imager/engine/restore.ts'"],
  ['reconciler/plan.ts', "import type { Manifest } from '../imaging/manifest.ts'"],
  ['reconciler/loop/loop.ts', "import { encodeJob } from '../../imaging/job-codec.ts'"],
  ['console/page.ts', "import { plan } from '../reconciler/plan.ts'"],
  ['elsewhere/x.ts', "import { plan } from '../reconciler/plan.ts'"],
]

for (const [file, text] of forbidden) {
  test(`${file} must not have: ${text}`, (t) => {
    t.is(badImports({ file, text }).length, 1)
  })
}

const permitted: readonly (readonly [file: string, text: string])[] = [
  ['reconciler/model/change.ts', "import type { Effect } from '../../specs/desired.ts'"],
  ['reconciler/model/change.ts', "export type { Effect } from '../../specs/desired.ts'"],
  ['reconciler/plan.ts', "import { type Desired } from '../specs/desired.ts'"],
  ['reconciler/plan.ts', "import { say } from '../specs/text.ts'"],
  ['reconciler/plan.ts', "import { sha256 } from '@noble/hashes/sha2.js'"],
  ['reconciler/loop/loop.ts', "import { plan } from '../plan.ts'"],
  ['reconciler/loop/loop.ts', "import { deserialize } from '../../specs/serialize.ts'"],
  ['reconciler/hub/api.ts', "import { z } from 'zod'"],
  ['providers/packages/apply.ts', "import { run } from '../ssh/run.ts'"],
  ['providers/packages/apply.ts', "import { probe } from './probe.ts'"],
  ['providers/imaging/desk.ts', "import { encodeJob } from '../../imaging/job-codec.ts'"],
  ['imager/agent/main.ts', "import { parseJob } from '../../imaging/job-codec.ts'"],
  ['imager/agent/main.ts', "import type { WantedLayout } from '../../specs/desired.ts'"],
  ['imaging/reasons.ts', "import { say } from '../specs/text.ts'"],
  ['cli/main.ts', "import { createSshProvider } from '../providers/ssh/provider.ts'"],
  ['tests/lab/lab.ts', "import { plan } from '../../reconciler/plan.ts'"],
]

for (const [file, text] of permitted) {
  test(`${file} may have: ${text}`, (t) => {
    t.deepEqual(badImports({ file, text }), [])
  })
}

const impure = [
  'export async function look() {}',
  'export const look = async () => 1',
  'const now = Date.now()',
  'const now = new Date()',
  'const now = Temporal.Now.instant()',
  'const chance = Math.random()',
  'const home = process.env.HOME',
  'console.log(1)',
  'setTimeout(() => 1, 1)',
  'const page = fetch(url)',
  'const id = crypto.randomUUID()',
  'const bytes = Buffer.from(text)',
]

for (const text of impure) {
  test(`a pure file must not have: ${text}`, (t) => {
    t.is(badWords({ file: 'reconciler/plan.ts', text }).length, 1)
    t.deepEqual(badWords({ file: 'reconciler/loop/loop.ts', text }), [])
  })
}

test('a pure file may use dates that it is given, and names that only look alike', (t) => {
  const text =
    'const at = new Date(now).toISOString(); const it = { process: 1 }; it.process; /* Date.now() */'
  t.deepEqual(badWords({ file: 'reconciler/plan.ts', text }), [])
})

test('names that say nothing are found wherever they stand in a path', (t) => {
  for (const file of [
    'specs/utils.ts',
    'cli/helpers/x.ts',
    'reconciler/common.ts',
    'hub/stateManager.ts',
    'a/http-util.ts',
  ]) {
    t.true(emptyName(file), file)
  }
  for (const file of ['cli/management-key.ts', 'specs/commons-licence.ts', 'reconciler/plan.ts']) {
    t.false(emptyName(file), file)
  }
})
