import { createColors } from 'picocolors'
import type { Terminal } from '../../cli/output/terminal.ts'

/** A terminal of a hundred columns and no colours, whose text is kept. */
export const paper = (): { readonly terminal: Terminal; text(): string } => {
  const lines: string[] = []
  return {
    terminal: {
      colors: createColors(false),
      interactive: false,
      columns: () => 100,
      rows: () => 24,
      write: (text) => lines.push(text),
      line: (text = '') => lines.push(`${text}\n`),
    },
    text: () => lines.join('').trimEnd(),
  }
}
