import { stripVTControlCharacters } from 'node:util'

/** Columns that a text takes on a terminal; specs hold Latin letters, so one character is one column. */
export const width = (text: string): number => [...stripVTControlCharacters(text)].length

export const padEnd = (text: string, columns: number): string =>
  text + ' '.repeat(Math.max(0, columns - width(text)))

export const padStart = (text: string, columns: number): string =>
  ' '.repeat(Math.max(0, columns - width(text))) + text

/** Cuts a text without colours to the columns there are, with an ellipsis where something is missing. */
export const cut = (text: string, columns: number): string => {
  const characters = [...text]
  return characters.length <= columns ? text : `${characters.slice(0, Math.max(0, columns - 1)).join('')}…`
}

/** Breaks a text at spaces into lines of at most so many columns; a longer word stays whole. */
export const wrap = (text: string, columns: number): readonly string[] => {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      const longer = line === '' ? word : `${line} ${word}`
      if (line !== '' && width(longer) > columns) {
        lines.push(line)
        line = word
      } else {
        line = longer
      }
    }
    lines.push(line)
  }
  return lines
}

/** What a PC printed may hold control characters: shown raw, they would act on the technician's terminal. */
export const printable = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/\r\n?/gu, '\n')
    .replace(/\t/gu, '    ')
    .replace(/[^\P{Cc}\n]/gu, '')
