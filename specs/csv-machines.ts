import type * as z from 'zod'
import { readCompanion } from './companion.ts'
import type { Compilation } from './compilation.ts'
import { type Column, type CsvRow, readCsv, rowPlace } from './csv.ts'
import type { WrittenMachine } from './machine-compiler.ts'
import { hostAddress, hostKey, mac } from './schema/address.ts'
import { name } from './schema/name.ts'
import type { IssueParams } from './schema/scalar.ts'
import type { Place, SourceText } from './source-text.ts'
import { say } from './text.ts'

const cells = { name: name(), mac: mac(), address: hostAddress(), hostKey: hostKey(), word: name() }

/** A machine of a CSV file, and the room that its line names. */
export type CsvMachine = {
  readonly machine: WrittenMachine
  readonly room: string | undefined
  readonly roomPlace: Place
}

/** Reads the machines of the CSV file named at `place`. Lines with errors are reported and left out. */
export function readCsvMachines(
  relative: string,
  place: Place,
  compilation: Compilation,
): readonly CsvMachine[] {
  const source = readCompanion(relative, place, compilation)
  const rows = source && readCsv(source, compilation.findings)
  if (!source || !rows) return []
  const machines: CsvMachine[] = []
  for (const row of rows) {
    const machine = readRow(row, source, compilation)
    if (machine) machines.push(machine)
  }
  return machines
}

function readRow(row: CsvRow, source: SourceText, { findings }: Compilation): CsvMachine | undefined {
  const place = rowPlace(row, source)
  let sound = true
  const cell = <T>(column: Column, schema: z.ZodType<T>): T | undefined => {
    const written = row.get(column)
    if (!written) return undefined
    const result = schema.safeParse(written.text)
    if (result.success) return result.data
    sound = false
    const issue = result.error.issues[0]
    const params = issue?.code === 'custom' ? (issue.params as IssueParams | undefined) : undefined
    if (params) findings.error(written.place, params.code, params.message, params.suggestion)
    return undefined
  }
  const machineName = cell('name', cells.name)
  const address = cell('mac', cells.mac)
  const labels = (row.get('labels')?.text.split(/[\s,;|]+/) ?? []).filter((label) => label !== '')
  const labelsPlace = row.get('labels')?.place ?? place
  for (const label of labels) {
    const result = cells.word.safeParse(label)
    if (!result.success) {
      sound = false
      findings.error(
        labelsPlace,
        'bad-name',
        say(
          `“${label}” is not a label: lower-case letters, digits and hyphens.`,
          `« ${label} » n’est pas une étiquette : minuscules, chiffres et tirets.`,
        ),
      )
    }
  }
  const rest = {
    address: cell('address', cells.address),
    hostKey: cell('hostKey', cells.hostKey),
    role: cell('role', cells.word),
  }
  const room = cell('room', cells.word)
  for (const [column, value] of [
    ['name', machineName],
    ['mac', address],
  ] as const) {
    if (value === undefined && !row.has(column)) {
      sound = false
      findings.error(
        place,
        'missing-cell',
        say(
          `The column “${column}” is empty in this line.`,
          `La colonne « ${column === 'name' ? 'nom' : 'mac'} » est vide sur cette ligne.`,
        ),
      )
    }
  }
  if (!sound || machineName === undefined || address === undefined) return undefined
  const placeOfCell = (column: Column): Place => row.get(column)?.place ?? place
  const machine: WrittenMachine = {
    name: machineName,
    mac: address,
    ...rest,
    labels,
    place: placeOfCell('name'),
    macPlace: placeOfCell('mac'),
    addressPlace: placeOfCell('address'),
    rolePlace: placeOfCell('role'),
  }
  return { machine, room, roomPlace: placeOfCell('room') }
}
