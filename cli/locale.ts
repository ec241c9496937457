import type { Locale } from '../specs/text.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** `fr_FR.UTF-8`, `fr-BE`, `FR`, `french` → fr; undefined: the value names no language of ours. */
const readLanguage = (value: string | undefined): Locale | undefined => {
  const language = value?.trim().toLowerCase() ?? ''
  if (/^(fr|french|français)($|[^a-z])/u.test(language)) return 'fr'
  if (/^(en|english|anglais|c|posix)($|[^a-z])/u.test(language)) return 'en'
  return undefined
}

/**
 * The language of everything that is printed: `--lang`, then PROVISEUR_LOCALE, then POSIX's own order (LC_ALL, LC_MESSAGES, LANG).
 * The first of them that is set decides, as in other programs: LC_ALL=C means English even where LANG is French.
 */
export const chooseLocale = (option: string | undefined, env: Environment): Locale => {
  const candidates = [option, env['PROVISEUR_LOCALE'], env['LC_ALL'], env['LC_MESSAGES'], env['LANG']]
  const first = candidates.find((value) => value !== undefined && value.trim() !== '')
  return readLanguage(first) ?? 'en'
}

/** What `--lang` accepts. */
export const isLanguage = (value: string): boolean => /^(fr|en)$/u.test(value)

/** The language is needed before the arguments can be parsed, since parsing may already have to complain in it. */
export const languageOption = (args: readonly string[]): string | undefined => {
  const end = args.indexOf('--')
  const options = end === -1 ? args : args.slice(0, end)
  for (const [index, arg] of options.entries()) {
    if (arg === '--lang') return options[index + 1]
    if (arg.startsWith('--lang=')) return arg.slice('--lang='.length)
  }
  return undefined
}
