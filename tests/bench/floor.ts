/**
 * The least that any program in this language would have to do: reads the same files and parses them with the YAML library alone,
 * or reads the same rows and parses their JSON, and does nothing with either. Arguments: `files PARK`, `rows DATABASE`, or both.
 */
import { DatabaseSync } from 'node:sqlite'
import { parse } from 'yaml'
import { readFolder } from '../../specs/read-folder.ts'

/** What `proviseur plan` reads, and which of its columns are JSON. */
const tables: Readonly<Record<string, readonly string[]>> = {
  observations: ['errors', 'facts'],
  package_sets: ['body'],
  fact_parts: ['body'],
  applied: [],
  backoffs: ['reason'],
  actions: ['body'],
}

let values = 0
for (let index = 2; index + 1 < process.argv.length; index += 2) {
  const where = process.argv[index + 1] ?? ''
  if (process.argv[index] === 'files') await parseFiles(where)
  else if (process.argv[index] === 'rows') parseRows(where)
  else throw new Error('floor.ts [files PARK] [rows DATABASE]')
}
// Whoever reads the result knows that something was read, and the engine cannot leave it out.
console.log(values)

async function parseFiles(park: string): Promise<void> {
  const decoder = new TextDecoder()
  const kept: unknown[] = []
  for (const [path, bytes] of await readFolder(park))
    if (path.endsWith('.yaml')) kept.push(parse(decoder.decode(bytes)))
  values += kept.length
}

function parseRows(database: string): void {
  const db = new DatabaseSync(database, { readOnly: true })
  const kept: unknown[] = []
  for (const [table, columns] of Object.entries(tables))
    for (const row of db.prepare(`select * from ${table}`).all()) {
      kept.push(row)
      for (const column of columns) {
        const text = row[column]
        if (typeof text === 'string') kept.push(JSON.parse(text))
      }
    }
  values += kept.length
  db.close()
}
