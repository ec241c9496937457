import type { Text } from './text.ts'

/** A park that cannot be read at all: no such folder, no repository, no such revision. Raised only where files are read. */
export class ParkError extends Error {
  readonly code: string
  readonly text: Text

  constructor(code: string, text: Text) {
    super(text.en)
    this.name = 'ParkError'
    this.code = code
    this.text = text
  }
}
