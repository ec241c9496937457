import { counted } from '../../reconciler/wording.ts'
import type { Diagnostic } from '../../specs/diagnostic.ts'
import { renderDiagnostic } from '../../specs/render.ts'
import type { Locale } from '../../specs/text.ts'
import type { Terminal } from './terminal.ts'

export type DiagnosticJson = {
  readonly severity: Diagnostic['severity']
  readonly file: string
  readonly line: number
  readonly column: number
  readonly message: string
  readonly code: string
  readonly suggestion?: string
}

export const diagnosticJson = (diagnostic: Diagnostic, locale: Locale): DiagnosticJson => ({
  severity: diagnostic.severity,
  file: diagnostic.file,
  line: diagnostic.line,
  column: diagnostic.column,
  message: diagnostic.message[locale],
  code: diagnostic.code,
  ...(diagnostic.suggestion === undefined ? {} : { suggestion: diagnostic.suggestion }),
})

/** All of them with their source lines, a blank line between two. */
export const printDiagnostics = (
  diagnostics: readonly Diagnostic[],
  locale: Locale,
  terminal: Terminal,
): void => {
  const { colors } = terminal
  for (const diagnostic of diagnostics) {
    const place = `${diagnostic.file}:${diagnostic.line}:${diagnostic.column}`
    const [head = '', ...rest] = renderDiagnostic(diagnostic, locale).split('\n')
    const mark = diagnostic.severity === 'error' ? colors.red : colors.yellow
    // Only the place is coloured: the sentence is to be read.
    const line = head.startsWith(place) ? `${mark(place)}${head.slice(place.length)}` : head
    terminal.line([line, ...rest].join('\n'))
    terminal.line()
  }
}

/** `2 errors and 1 warning in 14 files`. */
export const countDiagnostics = (diagnostics: readonly Diagnostic[], locale: Locale): string => {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length
  const warnings = diagnostics.length - errors
  const parts = [
    ...(errors > 0 ? [counted(errors, ['error', 'errors'], ['erreur', 'erreurs'])[locale]] : []),
    ...(warnings > 0
      ? [counted(warnings, ['warning', 'warnings'], ['avertissement', 'avertissements'])[locale]]
      : []),
  ]
  return parts.join(locale === 'fr' ? ' et ' : ' and ')
}
