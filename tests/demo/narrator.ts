import pc from 'picocolors'
import { type Locale, say, type Text } from '../../specs/text.ts'

/** Speaks between the steps of the demo, in the viewer's language. */
export type Narrator = {
  readonly locale: Locale
  readonly chapter: (title: Text) => void
  readonly tell: (text: Text) => void
  readonly show: (lines: string) => void
}

export function narrator(locale: Locale, out: NodeJS.WritableStream): Narrator {
  let chapter = 0
  const write = (line: string): boolean => out.write(`${line}\n`)
  return {
    locale,
    chapter: (title) => {
      chapter += 1
      write('')
      write(pc.bold(pc.cyan(`${chapter}. ${title[locale]}`)))
    },
    tell: (text) => write(`   ${text[locale]}`),
    show: (lines) => {
      for (const line of lines.trimEnd().split('\n')) write(pc.dim(`   │ `) + line)
    },
  }
}

/** As the shell's settings ask, as the command itself does. */
export const viewersLocale = (env: NodeJS.ProcessEnv): Locale =>
  /^fr/i.test(env['PROVISEUR_LOCALE'] ?? env['LC_ALL'] ?? env['LC_MESSAGES'] ?? env['LANG'] ?? '')
    ? 'fr'
    : 'en'

export const seconds = (ms: number): Text =>
  say(`${(ms / 1000).toFixed(1)} s`, `${(ms / 1000).toFixed(1).replace('.', ',')} s`)
