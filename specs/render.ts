import type { Diagnostic } from './diagnostic.ts'
import { type Locale, say } from './text.ts'

const words = {
  error: say('error', 'erreur'),
  warning: say('warning', 'avertissement'),
  suggestion: say('did you mean', 'vouliez-vous dire'),
}

/** A diagnostic for a terminal: where, what, the line with a mark under the place, and what was probably meant. */
export function renderDiagnostic(diagnostic: Diagnostic, locale: Locale): string {
  const { file, line, column, severity, code, message, source, suggestion } = diagnostic
  const colon = locale === 'fr' ? ' :' : ':'
  const lines = [`${file}:${line}:${column}: ${words[severity][locale]}${colon} ${message[locale]} [${code}]`]
  if (source.trim() !== '') {
    const gutter = ' '.repeat(String(line).length)
    // Tabs stay tabs in front of the mark, so that it stands under its character whatever their width.
    const indent = source.slice(0, column - 1).replace(/[^\t]/g, ' ')
    lines.push(` ${line} | ${source}`, ` ${gutter} | ${indent}^`)
  }
  if (suggestion !== undefined) {
    lines.push(`   ${words.suggestion[locale]}${colon} ${suggestion}`)
  }
  return lines.join('\n')
}
