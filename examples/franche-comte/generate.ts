/**
 * Writes `lycees/`: 53 lycées, 15,000 PCs. Everything else in this park is written by hand. Nothing is drawn at random: the same
 * table in `generator/lycees.ts` gives the same bytes, and a test compares them with what is committed.
 *
 *     bin/node examples/franche-comte/generate.ts
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { lyceeFiles } from './generator/lycee-files.ts'
import { type Departement, lycees } from './generator/lycees.ts'

/** Path in the park → text. */
export function generate(): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  const inDepartement = new Map<Departement, number>()
  for (const [index, lycee] of lycees.entries()) {
    const number = (inDepartement.get(lycee.departement) ?? 0) + 1
    inDepartement.set(lycee.departement, number)
    for (const [path, text] of lyceeFiles(lycee, { index, number })) files.set(path, text)
  }
  return files
}

if (import.meta.main) {
  const park = fileURLToPath(new URL('./', import.meta.url))
  await rm(`${park}lycees`, { recursive: true, force: true })
  await mkdir(`${park}lycees`)
  for (const [path, text] of generate()) await writeFile(park + path, text)
}
