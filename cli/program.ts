import { Option } from 'commander'
import { type Locale, say, type Text } from '../specs/text.ts'
import { catalogue } from './catalogue/catalogue.ts'
import type { Entry, ExampleEntry, ExitEntry, OptionEntry } from './catalogue/entry.ts'
import type { Context } from './context.ts'
import { type ExitCode, exitCode } from './exit.ts'
import { type Given, given } from './given.ts'
import { isLanguage } from './locale.ts'
import { padEnd } from './output/width.ts'
import { argumentTerm, helpStyle, LocalizedCommand } from './parser.ts'

const about = say(
  'Keeps every PC of a region’s schools exactly as Git says.',
  'Garde chaque poste des lycées d’une région exactement tel que Git le décrit.',
)

/** The whole command line: parses, then runs the one command that was asked for. */
export const createProgram = (
  context: Context,
  version: string,
  ended: (code: ExitCode) => void,
): LocalizedCommand => {
  const { locale, out, text } = context
  const program = new LocalizedCommand('proviseur', locale)
  program
    .description(text(about))
    .usage(text(say('<command> [options]', '<commande> [options]')))
    .version(version, '-V, --version', text(say('show the version', 'affiche la version')))
    .helpCommand(
      text(say('help [command]', 'help [commande]')),
      text(say('show the help of a command', 'affiche l’aide d’une commande')),
    )
    .configureHelp({ ...helpStyle(locale, out.colors), helpWidth: Math.min(out.columns(), 100) })
    .configureOutput({
      writeOut: (string) => out.write(string),
      writeErr: (string) => context.err.write(string),
      outputError: (string) => tellUsageError(context, string.trimEnd(), 'help'),
    })
    .exitOverride()
    .addHelpText('after', helpEnd(context))
  for (const group of catalogue) {
    for (const entry of group.entries) {
      const title = `${text(group.title)}${locale === 'fr' ? '\u00a0:' : ':'}`
      const parent = parentOf(program, entry)
      // The groups stand in the order of the program's own commands.
      if (parent !== program) parent.helpGroup(title)
      addEntry(parent, entry, context, ended).helpGroup(title)
    }
  }
  return program
}

/** The command that a two-word command belongs to is made with the first of them; it only leads to the others. */
const parentOf = (program: LocalizedCommand, { name }: Entry): LocalizedCommand => {
  const [first = '', second] = name.split(' ')
  if (second === undefined) return program
  const known = program.commands.find((command) => command.name() === first)
  if (known instanceof LocalizedCommand) return known
  const parent = new LocalizedCommand(first, program.locale)
  parent.copyInheritedSettings(program)
  parent.usage(say('<command> [options]', '<commande> [options]')[program.locale])
  parent.helpCommand(false)
  program.addCommand(parent)
  return parent
}

const addEntry = (
  program: LocalizedCommand,
  entry: Entry,
  context: Context,
  ended: (code: ExitCode) => void,
): LocalizedCommand => {
  const { locale, text } = context
  const command = new LocalizedCommand(entry.name.split(' ').at(-1) ?? entry.name, locale)
  command.copyInheritedSettings(program)
  command.configureOutput({
    outputError: (string) => tellUsageError(context, string.trimEnd(), `help ${entry.name}`),
  })
  command.summary(text(entry.summary)).description(text(entry.description ?? entry.summary))
  for (const argument of entry.arguments) {
    command.argument(
      argument.required ? `<${text(argument.name)}>` : `[${text(argument.name)}]`,
      text(argument.help),
    )
  }
  for (const option of entry.options) {
    const made = new Option(flags(option, locale), optionHelp(option, locale))
    command.addOption(option.many === true ? made.argParser(collect) : made)
  }
  command.usage(['[options]', ...command.registeredArguments.map(argumentTerm)].join(' '))
  command.addHelpText('after', commandEnd(entry, context))
  command.action(async (...received: unknown[]) => {
    const what = given(received.slice(0, entry.arguments.length), command.opts())
    const wrong = wrongChoice(entry, what)
    if (wrong !== undefined) return command.refuse('wrong-value', wrong)
    const { run } = await entry.load()
    ended(await run(context, what))
  })
  program.addCommand(command)
  return command
}

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
]

const flags = (option: OptionEntry, locale: Locale): string => {
  const names = option.short === undefined ? `--${option.long}` : `-${option.short}, --${option.long}`
  return option.value === undefined ? names : `${names} <${option.value[locale]}>`
}

const optionHelp = (option: OptionEntry, locale: Locale): string =>
  option.choices === undefined
    ? option.help[locale]
    : `${option.help[locale]} (${option.choices.join(' | ')})`

const wrongChoice = (entry: Entry, what: Given): Text | undefined => {
  for (const option of entry.options) {
    const value = what.value(option.long)
    if (value === undefined || option.choices === undefined) continue
    if (option.long === 'lang' ? isLanguage(value) : option.choices.includes(value)) continue
    const choices = option.choices.join(', ')
    return say(
      `--${option.long} is one of ${choices}, not “${value}”.`,
      `--${option.long} doit être l’un de\u00a0: ${choices}, et non «\u00a0${value}\u00a0».`,
    )
  }
  return undefined
}

/** What commander found wrong with the command line, with where to read more. */
const tellUsageError = (context: Context, message: string, help: string): void => {
  context.fail({ code: 'usage', message: say(message, message) }, exitCode.usage)
  if (context.json) return
  const { dim } = context.err.colors
  const more =
    help === 'help'
      ? say('  proviseur help shows the commands.', '  proviseur help montre les commandes.')
      : say(`  proviseur ${help} tells how.`, `  proviseur ${help} dit comment.`)
  context.err.line(dim(context.text(more)))
}

const helpEnd = (context: Context): string =>
  [
    '',
    context.out.colors.dim(
      context.text(
        say(
          'proviseur help <command> tells more of one. Start with: proviseur init my-park',
          'proviseur help <commande> en dit plus sur une commande. Pour commencer\u00a0: proviseur init mon-parc',
        ),
      ),
    ),
  ].join('\n')

const commandEnd = (entry: Entry, context: Context): string => {
  const { locale } = context
  const title = (both: Text): string => context.out.colors.bold(both[locale])
  return [
    '',
    title(say('Exit codes:', 'Codes de sortie\u00a0:')),
    ...exitLines(entry.exits, locale),
    ...(entry.examples.length > 0
      ? ['', title(say('Example:', 'Exemple\u00a0:')), ...exampleLines(entry.examples, locale)]
      : []),
  ].join('\n')
}

const exitLines = (exits: readonly ExitEntry[], locale: Locale): readonly string[] =>
  exits.map(({ code, meaning }) => `  ${padEnd(String(code), 4)}${meaning[locale]}`)

const exampleLines = (examples: readonly ExampleEntry[], locale: Locale): readonly string[] =>
  examples.map(({ line, meaning }) => `  ${line}   # ${meaning[locale]}`)
