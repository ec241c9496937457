import { existsSync } from 'node:fs'
import { glob, readFile } from 'node:fs/promises'
import { dirname, join, normalize } from 'node:path'
import test from 'ava'
import { catalogue } from '../cli/catalogue/catalogue.ts'
import { exitCode } from '../cli/exit.ts'
import type { Happening } from '../cli/progress/happening.ts'
import { reasonText } from '../imaging/reasons.ts'
import { gateNames } from '../reconciler/describe.ts'
import { gates } from '../reconciler/gates.ts'
import type { EventKind } from '../reconciler/model/event.ts'
import type { Decision } from '../reconciler/model/plan.ts'
import { compile } from '../specs/compile.ts'
import { starterFiles } from '../specs/starter.ts'
import {
  callsIn,
  codeSpansOf,
  headingsOf,
  linksOf,
  type Page,
  readPages,
  root,
  tableOf,
} from './docs/page.ts'

const pages = await readPages()
const entries = new Map(catalogue.flatMap((group) => group.entries.map((entry) => [entry.name, entry])))

function pageOf(file: string): Page {
  const page = pages.find((one) => one.file === file)
  if (page === undefined) throw new Error(`there is no page ${file}`)
  return page
}

test('every relative link leads to a file that is there, and to a heading of it', (t) => {
  let checked = 0
  for (const page of pages) {
    for (const link of linksOf(page)) {
      if (/^[a-z]+:/.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page.file : normalize(join(dirname(page.file), path))
      t.true(existsSync(root + target), `${page.file}: ${link}`)
      if (anchor !== undefined) t.true(pageOf(target).anchors.includes(anchor), `${page.file}: ${link}`)
      checked += 1
    }
  }
  t.true(checked > 10)
})

test('what a page quotes of a story is what was acted out, word for word', async (t) => {
  const quotes = pages.flatMap(({ file, blocks }) => blocks.map((block) => ({ file, ...block })))
  const quoted = quotes.filter(({ path }) => path.startsWith('tests/golden/'))
  for (const { file, path, text } of quoted) {
    const story = await readFile(root + path, 'utf8')
    t.true(story.includes(`\n${text}`), `${file} quotes what ${path} does not say:\n${text}`)
  }
  t.true(quoted.length > 1)
})

test('every command that a page shows is one of ours, with options that it has', (t) => {
  const seen = new Set<string>()
  for (const page of pages) {
    for (const words of callsIn(page)) {
      const told = `${page.file}: proviseur ${words.join(' ')}`
      const called = words[0] === 'help' ? words.slice(1) : words
      // The longest name that fits: `image import` is one command.
      const length = entries.has(called.slice(0, 2).join(' ')) ? 2 : 1
      const name = called.slice(0, length).join(' ')
      const rest = called.slice(length)
      if (/^--(help|version|lang)$/.test(name) || (words[0] === 'help' && name === '')) continue
      const entry = entries.get(name)
      if (entry === undefined) {
        t.fail(told)
        continue
      }
      seen.add(name)
      for (const word of rest.filter((one) => /^-{1,2}[a-z]/.test(one))) {
        const option = word.replace(/=.*$/, '')
        const known = entry.options.some(
          ({ long, short }) => option === `--${long}` || (short !== undefined && option === `-${short}`),
        )
        t.true(known || option === '--help', `${told}: ${option}`)
      }
    }
  }
  t.deepEqual(
    [...entries.keys()].filter((name) => !seen.has(name)),
    [],
    'a command that no page shows',
  )
})

test('every option named in a text is one of some command', (t) => {
  const known = new Set(
    [...entries.values()].flatMap(({ options }) => options.map(({ long }) => `--${long}`)),
  )
  // The benchmarks name the options of the programs that they compare with.
  for (const page of pages.filter(({ file }) => file !== 'docs/benchmarks.md')) {
    for (const code of codeSpansOf(page.prose)) {
      const option = /^(--[a-z-]+)/.exec(code)?.[1]
      if (option !== undefined) t.true(known.has(option), `${page.file}: ${code}`)
    }
  }
})

/** A page's specs build on the park that `init` writes, and each other, in the order of the page. */
for (const page of pages.filter(({ blocks }) => blocks.some(({ text }) => /^kind:/m.test(text)))) {
  test(`the specs in ${page.file} compile, one after the other`, async (t) => {
    const files = new Map<string, Uint8Array>()
    const write = (path: string, text: string) => files.set(path, new TextEncoder().encode(text))
    for (const [path, text] of starterFiles('en')) write(path, text)
    files.set('secrets/wifi.age', await readFile(`${root}tests/specs/fixtures/rich/rich/wifi.age`))
    for (const { language, path, text } of page.blocks) {
      if (language !== 'csv' && !/^kind:/m.test(text)) continue
      t.not(path, '', `a spec without its path: ${text.slice(0, 60)}`)
      write(path, text)
      if (language === 'csv') continue
      const errors = compile(files).diagnostics.filter(({ severity }) => severity === 'error')
      t.deepEqual(
        errors.map(({ file, line, message }) => `${file}:${line} ${message.en}`),
        [],
        path,
      )
    }
  })
}

/** The compiler sees to it that no kind is missing here. */
const decisions: Readonly<Record<Decision['kind'], true>> = {
  converged: true,
  act: true,
  held: true,
  unknown: true,
  stalled: true,
}

const firstCodes = (rows: readonly (readonly string[])[], column = 0): readonly string[] =>
  rows.flatMap((row) => codeSpansOf(row[column] ?? ''))

for (const [file, decision, gate] of [
  ['README.md', 'decision', 'gate'],
  ['README.fr.md', 'décision', 'verrou'],
] as const) {
  test(`${file} lists all decisions, and the gates in their order`, (t) => {
    const page = pageOf(file)
    t.deepEqual(firstCodes(tableOf(page, decision)), Object.keys(decisions))
    t.deepEqual(
      firstCodes(tableOf(page, gate)),
      gates.map(({ name }) => name),
    )
    const named = new Set(codeSpansOf(page.prose))
    t.deepEqual(
      Object.keys(gateNames).filter((name) => !named.has(name)),
      [],
    )
  })
}

test('docs/operating.md lists all decisions, and the gates in their order', (t) => {
  const page = pageOf('docs/operating.md')
  t.deepEqual(firstCodes(tableOf(page, 'mark'), 1), Object.keys(decisions))
  t.deepEqual(
    firstCodes(tableOf(page, 'gate')),
    gates.map(({ name }) => name),
  )
})

test('docs/operating.md lists the exit codes', (t) => {
  t.deepEqual(
    tableOf(pageOf('docs/operating.md'), 'exit code').map(([code]) => Number(code)),
    Object.values(exitCode),
  )
})

async function sourceOf(...patterns: readonly string[]): Promise<string> {
  const texts: string[] = []
  for await (const file of glob([...patterns], { cwd: root }))
    if (!file.startsWith('providers/simulated/')) texts.push(await readFile(join(root, file), 'utf8'))
  return texts.join('\n')
}

/** Reasons that no technician meets in `status`, `explain` or `log`: they say that the program is stopping, or is wrong. */
const internal = new Set([
  'abandoned',
  'no-answer',
  'observer-broke',
  'provider-broke',
  'no-result',
  'no-driver',
  'not-a-package-name',
  'script-changed',
  'secret-missing',
  'step-failed',
  'bad-mac',
  'bad-broadcast',
  'unmanaged',
  'in-imager',
  'damaged',
])

test('docs/operating.md tells the remedy for every reason of a machine, and for none that does not exist', async (t) => {
  const page = pageOf('docs/operating.md')
  const told = new Set([
    ...firstCodes(tableOf(page, 'code')),
    ...firstCodes(tableOf(page, 'gate'), 1),
    ...firstCodes(tableOf(page, 'gate'), 2),
    ...firstCodes(tableOf(page, 'what')),
  ])
  const machines = await sourceOf('reconciler/**/*.ts', 'providers/**/*.ts')
  const codes = [
    ...[...machines.matchAll(/\bcode: '([a-z-]+)'/g)].map(([, code = '']) => code),
    ...Object.keys(reasonText),
  ]
  t.deepEqual([...new Set(codes)].filter((code) => !told.has(code) && !internal.has(code)).sort(), [])
  const everything = machines + (await sourceOf('cli/**/*.ts', 'imaging/reasons.ts'))
  for (const code of firstCodes(tableOf(page, 'code'))) t.true(everything.includes(`'${code}'`), code)
})

/** The compiler sees to it that no kind is missing in these two. */
const happenings: Readonly<Record<Happening['kind'], true>> = {
  started: true,
  stopping: true,
  finished: true,
  revision: true,
  'revision-refused': true,
  rollout: true,
  observed: true,
  decided: true,
  acting: true,
  progress: true,
  ended: true,
  imaging: true,
  waiting: true,
  trouble: true,
}
const events: Readonly<Record<EventKind, true>> = {
  'target-moved': true,
  'revision-refused': true,
  'revision-held': true,
  'revision-approved': true,
  unmanaged: true,
  decided: true,
  'action-started': true,
  'action-ended': true,
  observed: true,
  paused: true,
  resumed: true,
  woken: true,
  retried: true,
  'host-key-pinned': true,
  'host-key-refused': true,
  'reset-requested': true,
  'verify-requested': true,
  'capture-requested': true,
  'request-closed': true,
  'disk-verified': true,
  'image-captured': true,
  discovered: true,
  'rollout-started': true,
  'rollout-ordered': true,
  'rollout-order-refused': true,
  'wave-opened': true,
  'wave-passed': true,
  'wave-awaits-approval': true,
  'rollout-paused': true,
  'rollout-resumed': true,
  'lycee-held': true,
  'rollout-ended': true,
}

test('docs/operating.md lists the kinds of what up and log tell programs', (t) => {
  const page = pageOf('docs/operating.md')
  t.deepEqual(firstCodes(tableOf(page, 'kind in `up --json`')), Object.keys(happenings))
  t.deepEqual(firstCodes(tableOf(page, 'kind in `log --json`')), Object.keys(events))
})

test('docs/operating.md lists every environment variable of the command', async (t) => {
  const source = await sourceOf('cli/**/*.ts')
  const read = [...source.matchAll(/env\['(PROVISEUR_[A-Z_]+)'\]/g)].map(([, name = '']) => name)
  const told = firstCodes(tableOf(pageOf('docs/operating.md'), 'variable')).filter((name) =>
    name.startsWith('PROVISEUR_'),
  )
  t.deepEqual(told.toSorted(), [...new Set(read)].sort())
})

for (const [english, french] of [
  ['README.md', 'README.fr.md'],
  ['docs/quickstart.md', 'docs/quickstart.fr.md'],
] as const) {
  test(`${french} has the chapters of ${english}`, (t) => {
    const levels = (file: string) => headingsOf(pageOf(file).prose).map(({ level }) => level)
    t.deepEqual(levels(french), levels(english))
  })
}
