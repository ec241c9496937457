/**
 * Runs all the checks in the order in which they are quickest to tell of a mistake, and says at the very end what failed, and how many
 * passed and failed. What a crashed or silent test process did not say counts as failed.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Locale, say, type Text } from '../specs/text.ts'
import type { Tally } from './tally.ts'

type Phase = { readonly name: string; readonly run: () => Promise<Tally> }

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const AVA = 'node_modules/ava/entrypoints/cli.js'
const NOTHING: Tally = { passed: 0, failed: 0, failures: [] }

const HELP = say(
  `bin/test [--all | --fast | --lab] [ava's arguments]
  without one: types, lint, all tests but the longest; those on the lab's PCs need root and, but for CI, are left out without it
  --all        the longest tests too (*.long.test.ts: dozens of power cuts, every kind of firmware)
  --fast       without the lab
  --lab        the lab's tests only
  With test files, only those are run.`,
  `bin/test [--all | --fast | --lab] [arguments d'ava]
  sans option : types, style, tous les tests sauf les plus longs ; ceux qui utilisent les postes du laboratoire exigent root, sinon ils sont omis (sauf en intégration continue)
  --all         les tests les plus longs aussi (*.long.test.ts : des dizaines de coupures de courant, tous les microgiciels)
  --fast        sans le laboratoire
  --lab         les tests du laboratoire seulement
  Avec des fichiers de test, ceux-là seuls sont exécutés.`,
)

const locale: Locale = /^fr/.test(
  process.env['PROVISEUR_LOCALE'] ?? process.env['LC_ALL'] ?? process.env['LANG'] ?? '',
)
  ? 'fr'
  : 'en'
const tell = (text: Text): void => console.log(text[locale])

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    tell(HELP)
    return 0
  }
  const phases = await choosePhases(args)
  let total = NOTHING
  for (const phase of phases) total = sum(total, await timed(phase))
  // A run in which nothing was tested has shown nothing.
  if (total.passed + total.failed === 0) total = { ...NOTHING, failed: 1 }
  for (const failure of total.failures) console.log(`✘ ${failure}`)
  console.log(`${total.passed} passed, ${total.failed} failed`)
  return total.failed === 0 ? 0 : 1
}

async function choosePhases(args: readonly string[]): Promise<readonly Phase[]> {
  const mode = args.find((arg) => arg === '--all' || arg === '--fast' || arg === '--lab')
  const rest = args.filter((arg) => arg !== mode)
  const named = rest.filter((arg) => /\.test\.ts(:[\d,-]+)?$/.test(arg))
  const options = rest.filter((arg) => !named.includes(arg))
  const files =
    named.length > 0 ? named : (await testFiles()).filter((file) => mode === '--all' || !isLong(file))
  const inFolder = (...folders: readonly string[]) =>
    files.filter((file) => folders.some((folder) => file.startsWith(`tests/${folder}/`)))
  const machines = inFolder('lab/vm')
  const lab = inFolder('lab').filter((file) => !machines.includes(file))
  const slow = inFolder('conformance', 'simulation', 'mutants')
  const fast = files.filter((file) => ![lab, machines, slow].some((one) => one.includes(file)))
  const phases: Phase[] = []
  if (named.length === 0 && mode !== '--lab')
    phases.push(
      { name: 'types', run: () => check('node_modules/typescript/bin/tsc', ['--noEmit']) },
      { name: 'lint', run: () => check('node_modules/@biomejs/biome/bin/biome', LINT) },
    )
  if (mode !== '--lab')
    phases.push(
      { name: 'tests', run: () => ava(fast, options) },
      { name: 'conformance, simulation, mutants', run: () => ava(slow, options) },
    )
  if (mode !== '--fast') {
    if (mode === undefined && !process.env['CI'] && process.getuid?.() !== 0 && lab.length > 0)
      tell(
        say(
          'Without root: the tests on the lab are left out.',
          'Sans root : les tests du laboratoire sont omis.',
        ),
      )
    // Two labs at a time: each waits for its PCs most of the time.
    else
      phases.push(
        { name: 'lab', run: () => ava(lab, options) },
        {
          name: 'lab, whole PCs',
          run: () =>
            ava(
              machines.filter((file) => !isLong(file)),
              [...options, ...ONE_A_PROCESSOR],
            ),
        },
        {
          name: 'lab, whole PCs at length',
          run: () => ava(machines.filter(isLong), [...options, ...ONE_BY_ONE]),
        },
      )
  }
  return phases
}

/** An emulated PC needs minutes from its power button to its login, and a processor for itself; most files have one at a time. */
const ONE_A_PROCESSOR = ['--concurrency=2', '--timeout=30m']
const ONE_BY_ONE = ['--serial', '--concurrency=1', '--timeout=30m']

const isLong = (file: string): boolean => file.endsWith('.long.test.ts')

const LINT = ['check', '--error-on-warnings', '.']

async function testFiles(): Promise<readonly string[]> {
  const entries = await readdir(`${ROOT}tests`, { recursive: true })
  return entries
    .filter((path) => path.endsWith('.test.ts'))
    .map((path) => `tests/${path}`)
    .sort()
}

async function timed({ name, run }: Phase): Promise<Tally> {
  const start = performance.now()
  const count = await run()
  if (count.passed + count.failed > 0) {
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    tell(
      say(
        `── ${name}: ${count.passed} ok, ${count.failed} not ok, ${seconds} s`,
        `── ${name} : ${count.passed} réussis, ${count.failed} échoués, ${seconds} s`,
      ),
    )
  }
  return count
}

/** A check that says yes or no by its exit code: counts as one. */
async function check(program: string, args: readonly string[]): Promise<Tally> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return (await exitCode(child)) === 0
    ? { ...NOTHING, passed: 1 }
    : { ...NOTHING, failed: 1, failures: [program] }
}

/** Runs test files under ava; its own tally and its exit code must both be good. */
async function ava(files: readonly string[], options: readonly string[]): Promise<Tally> {
  if (files.length === 0) return NOTHING
  const folder = await mkdtemp(join(tmpdir(), 'tally-'))
  const tally = join(folder, 'count.json')
  try {
    const child = spawn(process.execPath, [AVA, ...options, ...files], {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, PROVISEUR_TEST_TALLY: tally },
    })
    const code = await exitCode(child)
    const counted: Tally = existsSync(tally) ? JSON.parse(await readFile(tally, 'utf8')) : NOTHING
    const sound = counted.failed > 0 || (code === 0 && counted.passed > 0)
    return sound ? counted : { ...counted, failed: 1 }
  } finally {
    await rm(folder, { recursive: true })
  }
}

const exitCode = (child: ReturnType<typeof spawn>): Promise<number | null> =>
  new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })

const sum = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  failures: [...a.failures, ...b.failures],
})

process.exitCode = await main(process.argv.slice(2))
