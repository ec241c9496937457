import type { Text } from '../../specs/text.ts'
import type { Context } from '../context.ts'
import type { ExitCode } from '../exit.ts'
import type { Given } from '../given.ts'

/** A command as its help tells it. The code behind it is loaded only when it is called: `check` must not pay for SSH. */
export type Entry = {
  /** One word, or two for a command that belongs to others: `image import`. */
  readonly name: string
  readonly summary: Text
  /** More than the summary, where there is more to know. */
  readonly description?: Text
  readonly arguments: readonly ArgumentEntry[]
  readonly options: readonly OptionEntry[]
  readonly exits: readonly ExitEntry[]
  readonly examples: readonly ExampleEntry[]
  readonly load: () => Promise<{ readonly run: Run }>
}

export type Run = (context: Context, given: Given) => Promise<ExitCode>

export type ArgumentEntry = { readonly name: Text; readonly required: boolean; readonly help: Text }

export type OptionEntry = {
  readonly long: string
  readonly short?: string
  /** What stands for the value in the help; undefined: the option takes none. */
  readonly value?: Text
  /** May be given several times. */
  readonly many?: true
  readonly choices?: readonly string[]
  readonly help: Text
}

export type ExitEntry = { readonly code: number; readonly meaning: Text }
export type ExampleEntry = { readonly line: string; readonly meaning: Text }

export type Group = { readonly title: Text; readonly entries: readonly Entry[] }
