import { CsvError } from 'csv-parse'
import { parse } from 'csv-parse/sync'
import type { ErrorCode } from './diagnostic-codes.ts'
import type { Findings } from './findings.ts'
import { type Place, placeOf, type SourceText } from './source-text.ts'
import { suggest } from './suggest.ts'
import { say, type Text } from './text.ts'

export type Column = 'name' | 'mac' | 'room' | 'address' | 'hostKey' | 'labels' | 'role'
export type CsvCell = { readonly text: string; readonly place: Place }
export type CsvRow = ReadonlyMap<Column, CsvCell>

/** Column titles in English and French; capitals, accents, spaces, hyphens and underscores do not matter. */
const titles: ReadonlyMap<string, Column> = new Map([
  ['name', 'name'],
  ['nom', 'name'],
  ['machine', 'name'],
  ['poste', 'name'],
  ['mac', 'mac'],
  ['adressemac', 'mac'],
  ['macaddress', 'mac'],
  ['room', 'room'],
  ['salle', 'room'],
  ['address', 'address'],
  ['adresse', 'address'],
  ['ip', 'address'],
  ['adresseip', 'address'],
  ['hostkey', 'hostKey'],
  ['cledhote', 'hostKey'],
  ['labels', 'labels'],
  ['etiquettes', 'labels'],
  ['role', 'role'],
])

const plain = (title: string): string =>
  title
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z]/g, '')

const mostRows = 100_000

/**
 * The machines of a CSV file (RFC 4180, with `;`, `,` or a tab between cells, whichever the title line has most of). Empty
 * lines and empty cells are as if not there. Undefined, with a finding in that file, if it cannot be read at all.
 */
export function readCsv(source: SourceText, findings: Findings): readonly CsvRow[] | undefined {
  const delimiter = delimiterOf(source.text)
  const lines = parseLines(source, delimiter, findings)
  const header = lines?.[0]
  if (!lines || !header) {
    if (lines) {
      findings.error(
        { source, at: 0 },
        'bad-csv',
        say(
          'This file is empty; its first line names the columns.',
          'Ce fichier est vide ; sa première ligne nomme les colonnes.',
        ),
      )
    }
    return undefined
  }
  const columns = readHeader(header, source, delimiter, findings)
  if (!columns) return undefined
  const rows: CsvRow[] = []
  for (const { cells, line } of lines.slice(1)) {
    const starts = cellStarts(source, line, delimiter)
    if (cells.every((cell) => cell.trim() === '')) continue
    if (cells.slice(columns.length).some((cell) => cell.trim() !== '')) {
      findings.error(
        placeOf(source, line, 1 + (starts[columns.length] ?? 0)),
        'bad-csv',
        say(
          'This line has more cells than there are columns.',
          'Cette ligne a plus de cellules qu’il n’y a de colonnes.',
        ),
      )
      continue
    }
    const row = new Map<Column, CsvCell>()
    for (const [index, column] of columns.entries()) {
      const text = (cells[index] ?? '').trim()
      if (column && text !== '')
        row.set(column, { text, place: placeOf(source, line, 1 + (starts[index] ?? 0)) })
    }
    rows.push(row)
  }
  return rows
}

/** The beginning of the row, for what is missing in it. */
export const rowPlace = (row: CsvRow, source: SourceText): Place => {
  const places = [...row.values()].map(({ place }) => place)
  return places.reduce(
    (first, place) => (place.at < first.at ? place : first),
    places[0] ?? { source, at: 0 },
  )
}

function delimiterOf(text: string): ';' | ',' | '\t' {
  const end = text.search(/\r?\n/)
  const title = end === -1 ? text : text.slice(0, end)
  const count = (character: string): number => title.split(character).length
  if (count(';') >= count(',') && count(';') >= count('\t')) return count(';') > 1 ? ';' : ','
  return count('\t') > count(',') ? '\t' : ','
}

type Line = { readonly cells: readonly string[]; readonly line: number }

function parseLines(source: SourceText, delimiter: string, findings: Findings): readonly Line[] | undefined {
  try {
    const records: readonly (readonly string[])[] = parse(source.text, {
      delimiter,
      relax_column_count: true,
      skip_empty_lines: false,
      to: mostRows,
    })
    let line = 1
    return records.map((cells) => {
      const first = line
      line +=
        1 +
        cells.reduce((breaks, cell) => breaks + (cell.includes('\n') ? cell.split('\n').length - 1 : 0), 0)
      return { cells, line: first }
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = typeof error['lines'] === 'number' ? error['lines'] : 1
    findings.error(
      placeOf(source, line, 1),
      'bad-csv',
      say(
        'This line is not valid CSV: a quotation mark is left open or stands inside a cell.',
        'Cette ligne n’est pas du CSV valide : un guillemet est resté ouvert ou se trouve à l’intérieur d’une cellule.',
      ),
    )
    return undefined
  }
}

/** Undefined entries are columns that are not for us: titles in brackets, or none. */
function readHeader(
  { cells, line }: Line,
  source: SourceText,
  delimiter: string,
  findings: Findings,
): readonly (Column | undefined)[] | undefined {
  const starts = cellStarts(source, line, delimiter)
  const columns: (Column | undefined)[] = []
  let sound = true
  const bad = (index: number, code: ErrorCode, message: Text, suggestion?: string): void => {
    sound = false
    findings.error(placeOf(source, line, 1 + (starts[index] ?? 0)), code, message, suggestion)
  }
  for (const [index, cell] of cells.entries()) {
    const column = titles.get(plain(cell))
    if (!column && cell.trim() !== '') {
      bad(
        index,
        'unknown-column',
        say(
          `There is no column “${cell.trim()}”. Known: name, mac, room, address, hostKey, labels, role.`,
          `Il n’y a pas de colonne « ${cell.trim()} ». Colonnes connues : nom, mac, salle, adresse, clé d’hôte, étiquettes, rôle.`,
        ),
        suggest(plain(cell), titles.keys()),
      )
    } else if (column && columns.includes(column)) {
      bad(
        index,
        'duplicate-column',
        say('This column is there twice.', 'Cette colonne est présente deux fois.'),
      )
    }
    columns.push(column)
  }
  for (const needed of ['name', 'mac'] as const) {
    if (sound && !columns.includes(needed)) {
      const french = needed === 'name' ? 'nom' : 'mac'
      bad(
        0,
        'missing-column',
        say(`The column “${needed}” is missing.`, `Il manque la colonne « ${french} ».`),
      )
    }
  }
  return sound ? columns : undefined
}

/** Where the cells of a line begin, counted from 0; delimiters between quotation marks do not count. */
function cellStarts(source: SourceText, line: number, delimiter: string): readonly number[] {
  const from = source.lineStarts[line - 1] ?? 0
  const to = source.lineStarts[line] ?? source.text.length
  const starts = [0]
  let quoted = false
  for (let at = from; at < to; at += 1) {
    const character = source.text[at]
    if (character === '"') quoted = !quoted
    else if (character === delimiter && !quoted) starts.push(at - from + 1)
  }
  return starts
}
