import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { jsonSchemas } from '../../specs/json-schema.ts'
import { reference } from '../../specs/reference.ts'

const docs = fileURLToPath(new URL('../../docs/', import.meta.url))
const refresh = process.env['UPDATE_GOLDEN'] === '1'

test('docs/specs.md is what the schemas say', async (t) => {
  if (refresh) await writeFile(`${docs}specs.md`, reference())
  t.is(await readFile(`${docs}specs.md`, 'utf8'), reference())
})

test('docs/schema holds the JSON Schema of every kind, and nothing else', async (t) => {
  const schemas = jsonSchemas('en')
  if (refresh) await mkdir(`${docs}schema`, { recursive: true })
  for (const [kind, schema] of schemas) {
    const path = `${docs}schema/${kind}.json`
    const text = `${JSON.stringify(schema, null, 2)}\n`
    if (refresh) await writeFile(path, text)
    t.is(await readFile(path, 'utf8'), text)
  }
  t.deepEqual(
    (await readdir(`${docs}schema`)).sort(),
    [...schemas.keys()].map((kind) => `${kind}.json`).sort(),
  )
})

test('a version may be a number in an editor, and stays a text for us', (t) => {
  const role = JSON.stringify(jsonSchemas('en').get('role'))
  t.regex(role, /"type":\["string","number"\],"examples":\["present"/)
})

test('every field has a description in both languages', (t) => {
  const missing: string[] = []
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== 'object' || node === null) return
    for (const [key, value] of Object.entries(node)) {
      walk(value, `${path}.${key}`)
      if (key !== 'properties') continue
      for (const [field, schema] of Object.entries(value as object)) {
        if (!Object.hasOwn(schema as object, 'description')) missing.push(`${path}.${field}`)
      }
    }
  }
  for (const locale of ['en', 'fr'] as const) {
    for (const [kind, schema] of jsonSchemas(locale)) if (kind !== 'park-file') walk(schema, kind)
  }
  t.deepEqual(missing, [])
})

test('descriptions are in the language asked for', (t) => {
  const titleOf = (locale: 'en' | 'fr'): string => JSON.stringify(jsonSchemas(locale).get('park'))
  t.true(titleOf('fr').includes('Le nom court du parc.'))
  t.true(titleOf('en').includes('The park’s short name.'))
  t.false(titleOf('fr').includes('The park’s short name.'))
})
