import test from 'ava'
import { catalogue } from '../../cli/catalogue/catalogue.ts'
import type { Text } from '../../specs/text.ts'
import { json } from './command.ts'
import { proviseur } from './in-process.ts'

const entries = catalogue.flatMap((group) => group.entries)

/** Words of commander's own that would show a string that was not translated. */
const commanderEnglish =
  /\b(Usage|Commands|display help|output the version|choices:|default:|error:|argument missing|unknown (option|command)|too many arguments|Did you mean|missing required)\b/u

const textsOf = (): readonly (readonly [string, Text])[] =>
  catalogue.flatMap((group) => [
    ['title', group.title] as const,
    ...group.entries.flatMap((entry) => [
      [`${entry.name} summary`, entry.summary] as const,
      ...(entry.description ? [[`${entry.name} description`, entry.description] as const] : []),
      ...entry.arguments.map((argument) => [`${entry.name} argument`, argument.help] as const),
      ...entry.options.map((option) => [`${entry.name} --${option.long}`, option.help] as const),
      ...entry.exits.map((exit) => [`${entry.name} exit ${exit.code}`, exit.meaning] as const),
      ...entry.examples.map((example) => [`${entry.name} example`, example.meaning] as const),
    ]),
  ])

test('every text of the help is there in both languages, and they differ', (t) => {
  for (const [where, { en, fr }] of textsOf()) {
    t.not(en.trim(), '', where)
    t.not(fr.trim(), '', where)
    if (where !== 'schema argument') t.not(en, fr, where)
  }
})

test('every command is listed by the help, in both languages', async (t) => {
  for (const lang of ['en', 'fr'] as const) {
    const { code, stdout } = await proviseur(['--help', '--lang', lang])
    t.is(code, 0)
    // A long summary goes on in the next line.
    const told = stdout.replace(/[ \n]+/gu, ' ')
    for (const entry of entries)
      t.true(told.includes(`${entry.name} `) && told.includes(entry.summary[lang]), entry.name)
  }
})

test('no help page in French holds an English word of the parser', async (t) => {
  for (const args of [['--help'], ...entries.map((entry) => ['help', ...entry.name.split(' ')])]) {
    const { code, stdout } = await proviseur([...args, '--lang=fr'])
    t.is(code, 0, args.join(' '))
    t.notRegex(stdout, commanderEnglish, args.join(' '))
    t.regex(stdout, /^Utilisation.:/u)
  }
})

test('a help page tells the options and the exit codes of its command', async (t) => {
  const { stdout } = await proviseur(['plan', '--help'])
  for (const part of [
    'Usage: proviseur plan [options] [dir]',
    '--base <revision>',
    '--json',
    'Exit codes:',
    '64  the command line is wrong',
  ]) {
    t.true(stdout.includes(part), part)
  }
})

const wrong: readonly (readonly [string, readonly string[], RegExp, RegExp])[] = [
  [
    'an unknown command',
    ['chekc'],
    /no command “chekc”\. Did you mean check\?/u,
    /commande «.chekc.» n’existe pas. Vouliez-vous dire check.\?/u,
  ],
  [
    'an unknown option',
    ['check', '--rve', 'x'],
    /no option --rve. Did you mean --rev\?/u,
    /L’option --rve n’existe pas. Vouliez-vous dire --rev.\?/u,
  ],
  [
    'an option without its value',
    ['check', '--rev'],
    /value is missing: --rev <revision>/u,
    /Il manque une valeur.: --rev <révision>/u,
  ],
  ['a missing argument', ['explain'], /“explain” needs <machine>/u, /«.explain.» a besoin de <poste>/u],
  [
    'too many arguments',
    ['check', 'a', 'b'],
    /“check” does not know what to do with “b”/u,
    /«.check.» ne sait que faire de «.b.»/u,
  ],
  [
    'a value that is no choice',
    ['plan', '--format', 'yaml'],
    /--format is one of text, json, markdown, not “yaml”/u,
    /--format doit être l’un de.: text, json, markdown, et non «.yaml.»/u,
  ],
  [
    'help for what is no command',
    ['help', 'chekc'],
    /no command “chekc”/u,
    /commande «.chekc.» n’existe pas/u,
  ],
  ['no command at all', [], /^Usage:/u, /^Utilisation.:/u],
]

for (const [what, args, english, french] of wrong) {
  test(`${what} is told in both languages and ends with 64`, async (t) => {
    const en = await proviseur(args)
    t.is(en.code, 64)
    t.regex(en.stderr, english)
    t.is(en.stdout, '')
    const fr = await proviseur(args, { env: { PROVISEUR_LOCALE: 'fr' } })
    t.is(fr.code, 64)
    t.regex(fr.stderr, french)
    t.notRegex(fr.stderr, commanderEnglish)
  })
}

test('with --json a wrong command line is told as JSON', async (t) => {
  const ran = await proviseur(['check', '--nothing', '--json'])
  t.is(ran.code, 64)
  t.is(json(ran).error.code, 'usage')
  t.is(ran.stderr, '')
})

test('the version is that of the package', async (t) => {
  const { code, stdout } = await proviseur(['--version'])
  t.is(code, 0)
  t.regex(stdout, /^\d+\.\d+\.\d+\n$/u)
})
