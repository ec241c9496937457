import { Command, type Help, type Option } from 'commander'
import { type Locale, say, type Text } from '../specs/text.ts'
import { exitCode } from './exit.ts'
import { nearest } from './nearest.ts'
import { didYouMean } from './output/suggestion.ts'
import type { Colors } from './output/terminal.ts'

const headings: ReadonlyMap<string, Text> = new Map([
  ['Usage:', say('Usage:', 'Utilisation\u00a0:')],
  ['Arguments:', say('Arguments:', 'Arguments\u00a0:')],
  ['Options:', say('Options:', 'Options\u00a0:')],
])

/**
 * Commander in our two languages. It words its errors in methods of its own, each of which is replaced here, and its help
 * headings pass through `styleTitle`; a test walks all of them and finds no word left in English.
 */
export class LocalizedCommand extends Command {
  readonly locale: Locale

  constructor(name: string, locale: Locale) {
    super(name)
    this.locale = locale
    this.helpOption('-h, --help', locale === 'fr' ? 'affiche cette aide' : 'show this help')
  }

  override createCommand(name = ''): Command {
    return new LocalizedCommand(name, this.locale)
  }

  missingArgument(name: string): never {
    return this.refuse(
      'missing-argument',
      say(`“${pathOf(this)}” needs <${name}>.`, `«\u00a0${pathOf(this)}\u00a0» a besoin de <${name}>.`),
    )
  }

  optionMissingArgument(option: Option): never {
    return this.refuse(
      'missing-value',
      say(`A value is missing: ${option.flags}.`, `Il manque une valeur\u00a0: ${option.flags}.`),
    )
  }

  unknownOption(flag: string): never {
    const known: string[] = []
    for (const command of [this as Command, this.parent]) {
      if (command)
        known.push(
          ...command
            .createHelp()
            .visibleOptions(command)
            .flatMap((option) => option.long ?? []),
        )
    }
    const meant = didYouMean(flag.startsWith('--') ? nearest(flag, known) : [])
    return this.refuse(
      'unknown-option',
      say(`There is no option ${flag}.${meant.en}`, `L’option ${flag} n’existe pas.${meant.fr}`),
    )
  }

  _excessArguments(received: readonly string[]): never {
    const excess = received.slice(this.registeredArguments.length).join(' ')
    return this.refuse(
      'excess-argument',
      say(
        `“${pathOf(this)}” does not know what to do with “${excess}”.`,
        `«\u00a0${pathOf(this)}\u00a0» ne sait que faire de «\u00a0${excess}\u00a0».`,
      ),
    )
  }

  /** `help image import`: all words after `help` name the command. */
  _dispatchHelpCommand(first: string | undefined): never {
    const after = first === undefined ? [] : this.args.slice(this.args.indexOf(first))
    const options = after.findIndex((word) => word.startsWith('-'))
    let command: Command = this
    for (const word of options === -1 ? after : after.slice(0, options)) {
      const next = command.commands.find((known) => known.name() === word)
      if (next === undefined) return this.unknownCommand([...pathWords(command), word].join(' '))
      command = next
    }
    return command.help()
  }

  unknownCommand(name = [...pathWords(this), this.args[0] ?? ''].join(' ')): never {
    const meant = didYouMean(nearest(name, leavesOf(rootOf(this)).map(pathOf)))
    return this.refuse(
      'unknown-command',
      say(
        `There is no command “${name}”.${meant.en}`,
        `La commande «\u00a0${name}\u00a0» n’existe pas.${meant.fr}`,
      ),
    )
  }

  /** Ends the parsing: prints the message and where to read more, exit code 64. */
  refuse(code: string, message: Text): never {
    return this.error(message[this.locale], { code, exitCode: exitCode.usage })
  }
}

/** The look of the help: quiet headings, words of the usage line in our language. */
export const helpStyle = (locale: Locale, colors: Colors): Partial<Help> => ({
  styleTitle: (title) => colors.bold(headings.get(title)?.[locale] ?? title),
  styleCommandText: (text) => text,
  styleOptionTerm: (text) => colors.cyan(text),
  styleSubcommandTerm: (text) => colors.cyan(text),
  styleArgumentTerm: (text) => colors.cyan(text),
  // `help [command]` is told in the line below the list.
  visibleCommands: leavesOf,
  subcommandTerm: (command) => [pathOf(command), ...command.registeredArguments.map(argumentTerm)].join(' '),
})

/** `<machine>` must be given, `[dir]` may be. */
export const argumentTerm = (argument: { readonly required: boolean; name(): string }): string =>
  argument.required ? `<${argument.name()}>` : `[${argument.name()}]`

/** The commands that do something: `image import` itself, not `image`, which only leads to it. */
function leavesOf(command: Command): Command[] {
  return command.commands.flatMap((each) => (each.commands.length > 0 ? leavesOf(each) : [each]))
}

const rootOf = (command: Command): Command => (command.parent === null ? command : rootOf(command.parent))

const pathWords = (command: Command): readonly string[] =>
  command.parent === null ? [] : [...pathWords(command.parent), command.name()]

/** As it is typed, without `proviseur`. */
const pathOf = (command: Command): string => pathWords(command).join(' ')
