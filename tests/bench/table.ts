/** Markdown tables, and figures as they stand in them. */

/** The first column reads from the left, figures from the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join(
    '\n',
  )
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`
export const megabytes = (bytes: number): string => `${count(Math.round(bytes / 1e6))} MB`
export const count = (value: number): string => value.toLocaleString('en')
export const ratio = (value: number, base: number, digits = 1): string =>
  base === 0 ? '–' : `× ${(value / base).toFixed(value / base < 10 ? digits : 0)}`
