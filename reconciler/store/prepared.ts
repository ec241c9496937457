/**
 * Statements that are written once and run many times: to build one with Kysely, and to have the database understand it, costs more
 * than to run it. What Kysely builds is checked by the compiler as any other statement; only its text is kept.
 */
import { type Compilable, CompiledQuery, type DialectAdapter } from 'kysely'
import { entryOf } from '../entry.ts'
import type { Database } from './database.ts'

type Value = string | number | null

/** By what tells one database from another: they number their parameters differently. */
const texts = new WeakMap<DialectAdapter, Map<string, string>>()

/**
 * @param name of the statement: equal names, equal texts.
 * @param values of its parameters, in the order in which Kysely takes them in.
 */
export const runPrepared = async <Row>(
  db: Database,
  name: string,
  values: readonly Value[],
  build: () => Compilable<Row>,
): Promise<{ readonly rows: readonly Row[]; readonly affected: number }> => {
  const ofDatabase = entryOf(texts, db.getExecutor().adapter, () => new Map<string, string>())
  const text = entryOf(ofDatabase, name, () => textOf(name, build().compile(), values))
  const { rows, numAffectedRows } = await db.executeQuery(CompiledQuery.raw(text, [...values]))
  return { rows: rows as readonly Row[], affected: Number(numAffectedRows ?? 0) }
}

const textOf = (name: string, { sql, parameters }: CompiledQuery, values: readonly Value[]): string => {
  const isSame =
    parameters.length === values.length && parameters.every((value, index) => value === values[index])
  if (!isSame) throw new Error(`the values of “${name}” are not in the order of its text`)
  return sql
}

/** SQLite takes 32,766 values in one statement, PostgreSQL 65,535; the widest of our tables has fourteen columns. */
const mostRows = 256

/** What came of one piece of a list of rows. */
export type Piece<Row, Result> = {
  readonly of: readonly Row[]
  readonly rows: readonly Result[]
  readonly affected: number
}

/**
 * Runs a statement over rows, in pieces of 256, 128, … 1, so that there are nine texts of it and not as many as there are lengths of lists.
 * @param build of a piece; its parameters are the values of the rows, one row after the other.
 */
export const runOver = async <Row extends Readonly<Record<keyof Row, Value>>, Result>(
  db: Database,
  name: string,
  rows: readonly Row[],
  build: (rows: readonly Row[]) => Compilable<Result>,
): Promise<readonly Piece<Row, Result>[]> => {
  const pieces: Piece<Row, Result>[] = []
  const [first] = rows
  if (first === undefined) return pieces
  const columns = Object.keys(first) as (keyof Row)[]
  let from = 0
  for (let size = mostRows; from < rows.length; ) {
    if (size > rows.length - from) {
      size /= 2
      continue
    }
    const of = rows.slice(from, from + size)
    const values = of.flatMap((row) => columns.map((column) => row[column]))
    pieces.push({ of, ...(await runPrepared(db, `${name} ${size}`, values, () => build(of))) })
    from += size
  }
  return pieces
}

/**
 * Reads what belongs to these: the list is filled up with its last, which changes nothing, so that there are few lengths and few texts.
 * @param build of the filled list; its parameters are that list.
 */
export const runOf = async <Item extends Value, Row>(
  db: Database,
  name: string,
  items: readonly Item[],
  build: (items: readonly Item[]) => Compilable<Row>,
): Promise<readonly Row[]> => {
  const alike = padded(items)
  return (await runPrepared(db, `${name} ${alike.length}`, alike, () => build(alike))).rows
}

/** Of the same few lengths. */
export const padded = <Item>(items: readonly Item[]): readonly Item[] => {
  const last = items.at(-1)
  if (last === undefined) return items
  let length = 1
  while (length < items.length) length *= 2
  return [...items, ...Array.from({ length: length - items.length }, () => last)]
}
