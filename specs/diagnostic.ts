import type { Text } from './text.ts'

/** A place in a spec file. `line` and `column` count from 1; `column` counts UTF-16 code units as editors do. */
export type Position = { readonly file: string; readonly line: number; readonly column: number }

/**
 * Something wrong (or doubtful) in a park's files.
 * `code` is stable and machine-readable (`unknown-field`, `duplicate-mac` …); `source` is the offending line as written;
 * `suggestion` is what the author probably meant, ready to be pasted.
 */
export type Diagnostic = Position & {
  readonly severity: 'error' | 'warning'
  readonly code: string
  readonly message: Text
  readonly source: string
  readonly suggestion?: string
}
