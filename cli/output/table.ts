import { padEnd, padStart, width } from './width.ts'

export type Column = { readonly title: string; readonly align?: 'left' | 'right' }

/** Aligned columns two spaces apart, no rules: the last column is not padded. Cells may be coloured. */
export const table = (
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: (title: string) => string,
): readonly string[] => {
  const widths = columns.map((column, index) =>
    Math.max(width(column.title), ...rows.map((row) => width(row[index] ?? ''))),
  )
  const render = (cells: readonly string[]): string =>
    columns
      .map((column, index) => {
        const cell = cells[index] ?? ''
        const columnWidth = widths[index] ?? 0
        if (column.align === 'right') return padStart(cell, columnWidth)
        return index === columns.length - 1 ? cell : padEnd(cell, columnWidth)
      })
      .join('  ')
      .trimEnd()
  const titled = columns.some((column) => column.title !== '')
  const head = titled ? [render(columns.map((column) => style(column.title)))] : []
  return [...head, ...rows.map(render)]
}
