import type { Diagnostic } from './diagnostic.ts'
import type { ErrorCode, WarningCode } from './diagnostic-codes.ts'
import { byCodeUnit } from './files.ts'
import { lineOf, type Place, positionOf } from './source-text.ts'
import type { Text } from './text.ts'

/** What is wrong or doubtful, as found so far. */
export type Findings = {
  error(place: Place, code: ErrorCode, message: Text, suggestion?: string): void
  warning(place: Place, code: WarningCode, message: Text, suggestion?: string): void
  errorCount(): number
  /** Takes over what was found elsewhere. */
  addAll(diagnostics: readonly Diagnostic[]): void
  /** In the order of file, line, column and code; the same finding twice is kept once. */
  sorted(): readonly Diagnostic[]
}

export function createFindings(): Findings {
  const found: Diagnostic[] = []
  let errors = 0
  const add = (
    severity: Diagnostic['severity'],
    place: Place,
    code: string,
    message: Text,
    suggestion: string | undefined,
  ): void => {
    if (severity === 'error') errors += 1
    const diagnostic = { ...positionOf(place), severity, code, message, source: lineOf(place) }
    found.push(suggestion === undefined ? diagnostic : { ...diagnostic, suggestion })
  }
  return {
    error: (place, code, message, suggestion) => add('error', place, code, message, suggestion),
    warning: (place, code, message, suggestion) => add('warning', place, code, message, suggestion),
    errorCount: () => errors,
    addAll: (diagnostics) => {
      for (const diagnostic of diagnostics) {
        if (diagnostic.severity === 'error') errors += 1
        found.push(diagnostic)
      }
    },
    sorted: () => unique(found.toSorted(inReadingOrder)),
  }
}

function inReadingOrder(a: Diagnostic, b: Diagnostic): number {
  return (
    byCodeUnit(a.file, b.file) ||
    a.line - b.line ||
    a.column - b.column ||
    byCodeUnit(a.code, b.code) ||
    byCodeUnit(a.message.en, b.message.en)
  )
}

function unique(sorted: readonly Diagnostic[]): readonly Diagnostic[] {
  return sorted.filter((diagnostic, index) => {
    const before = sorted[index - 1]
    return (
      before === undefined ||
      inReadingOrder(before, diagnostic) !== 0 ||
      before.severity !== diagnostic.severity
    )
  })
}
