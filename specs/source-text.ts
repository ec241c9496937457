import type { Position } from './diagnostic.ts'

/** A file's text, with what is needed to turn an offset into a line and a column. */
export type SourceText = { readonly file: string; readonly text: string; readonly lineStarts: Uint32Array }

/** A place in a text: an offset in UTF-16 code units. */
export type Place = { readonly source: SourceText; readonly at: number }

const longestShownLine = 400

export function sourceText(file: string, text: string): SourceText {
  const starts: number[] = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return { file, text, lineStarts: Uint32Array.from(starts) }
}

/** The last line that starts at or before the offset, counted from 0. */
function lineIndex(source: SourceText, at: number): number {
  let low = 0
  let high = source.lineStarts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((source.lineStarts[middle] ?? 0) <= at) low = middle
    else high = middle - 1
  }
  return low
}

export function positionOf({ source, at }: Place): Position {
  const line = lineIndex(source, at)
  return { file: source.file, line: line + 1, column: at - (source.lineStarts[line] ?? 0) + 1 }
}

/** The whole line around a place, as written, without its end; very long ones are cut. */
export function lineOf({ source, at }: Place): string {
  const line = lineIndex(source, at)
  const start = source.lineStarts[line] ?? 0
  const next = source.lineStarts[line + 1]
  const end = next === undefined ? source.text.length : next - 1
  return source.text.slice(start, Math.min(end, start + longestShownLine)).replace(/\r$/, '')
}

/** The place of a line (from 1) and a column (from 1), kept inside the text. */
export function placeOf(source: SourceText, line: number, column: number): Place {
  const index = Math.max(0, Math.min(line - 1, source.lineStarts.length - 1))
  const start = source.lineStarts[index] ?? 0
  return { source, at: Math.min(start + Math.max(0, column - 1), source.text.length) }
}
