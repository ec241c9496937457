import * as z from 'zod'
import { type Kind, kindNames, kinds, schemas } from './schema/kinds.ts'
import type { Locale } from './text.ts'

/** A JSON Schema node as zod makes it: plain JSON. */
export type JsonSchema = {
  type?: string | readonly string[]
  description?: string
  default?: unknown
  enum?: readonly unknown[]
  const?: unknown
  pattern?: string
  examples?: readonly unknown[]
  minimum?: number
  maximum?: number
  properties?: Record<string, JsonSchema>
  required?: readonly string[]
  additionalProperties?: JsonSchema | boolean
  propertyNames?: JsonSchema
  items?: JsonSchema
  anyOf?: readonly JsonSchema[]
  /** Ours, until `localize` has used them. zod drops `default` itself from what a parser transforms. */
  fr?: string
  byDefault?: string
  json?: JsonSchema
}

/**
 * JSON Schemas (draft 7, what editors know best) of what may be written in a file: one for each kind, by its lower-case name,
 * and `park-file` for a file of any kind. Values that our parser takes as words may be YAML numbers there (`24.10`).
 */
export function jsonSchemas(locale: Locale = 'en'): ReadonlyMap<string, object> {
  const made = new Map<string, object>()
  for (const kind of kinds) {
    made.set(kind.toLowerCase(), {
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: `Proviseur: ${kindNames[kind][locale]}`,
      ...schemaOf(kind, locale),
    })
  }
  made.set('park-file', {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Proviseur',
    type: 'object',
    required: ['kind'],
    properties: { kind: { enum: kinds } },
    // Chosen by the kind, so that an editor tells the errors of that kind only.
    allOf: kinds.map((kind) => ({
      if: { properties: { kind: { const: kind } }, required: ['kind'] },
      [thenKeyword]: schemaOf(kind, locale),
    })),
  })
  return made
}

/** Spelt apart: an object with a property of this name looks like a promise to the linter. */
const thenKeyword = 'then'

/** The schema of one kind, with its descriptions in one language. */
export function schemaOf(kind: Kind, locale: Locale): JsonSchema {
  const { $schema: _draft, ...schema } = z.toJSONSchema(schemas[kind], {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => localize(jsonSchema as JsonSchema, locale),
  })
  return schema as JsonSchema
}

function localize(schema: JsonSchema, locale: Locale): void {
  if (schema.json) Object.assign(schema, schema.json)
  if (schema.fr !== undefined && locale === 'fr') schema.description = schema.fr
  if (schema.byDefault !== undefined) schema.default = typedDefault(schema.byDefault, schema)
  if (schema.propertyNames?.type) schema.propertyNames.type = 'string'
  delete schema.json
  delete schema.byDefault
  delete schema.fr
}

/** Defaults are written as in a file; a number or a boolean is one in JSON. */
function typedDefault(written: string, { type }: JsonSchema): unknown {
  if (type === 'boolean') return written === 'true'
  return type === 'integer' ? Number(written) : written
}
