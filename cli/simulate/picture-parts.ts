export type Point = { readonly x: number; readonly y: number }

/** One SVG element; numbers are rounded to a tenth of a pixel. */
export const element = (
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  content?: string,
): string => {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${rounded(value)}"`)
  return content === undefined
    ? `<${name}${written.join('')}/>`
    : `<${name}${written.join('')}>${content}</${name}>`
}

export const path = (points: readonly Point[]): string =>
  points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${rounded(x)} ${rounded(y)}`).join(' ')

export const escaped = (text: string): string =>
  text.replace(/&/gu, '&amp;').replace(/</gu, '&lt;').replace(/>/gu, '&gt;')

const rounded = (value: string | number): string =>
  typeof value === 'string' ? value : String(Math.round(value * 10) / 10)
