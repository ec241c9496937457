import { defaults } from './defaults.ts'
import { type JsonSchema, schemaOf } from './json-schema.ts'
import { type Kind, kinds } from './schema/kinds.ts'
import { settingsShape } from './schema/settings.ts'

/** The reference of the spec language in Markdown (docs/specs.md), made from the schemas alone. */
export function reference(): string {
  const parts = [introduction]
  for (const kind of kinds) parts.push(kindSection(kind))
  parts.push(settingsSection())
  return `${parts.join('\n\n').replace(/\n{3,}/g, '\n\n')}\n`
}

const introduction = `# The spec language

This file is generated from the schemas (\`UPDATE_GOLDEN=1\` with the tests); do not edit it.

A park is a folder of YAML files, one document a file, each with its \`kind\`. Files may be in any folder below the
park's root; folders and files whose names begin with a dot are not read. Names are DNS labels: lower-case letters,
digits and hyphens. Quantities carry their unit (\`40GiB\`, \`100Mbit/s\`, \`20m\`, \`2%\`).

A field that is left out is not managed. \`absent\` means that something must not be there. An empty value or \`null\` is
an error, as are anchors, aliases, merge keys and tags. Values keep their source text: version \`24.10\` is not \`24.1\`.

## Layers

A machine's settings are laid over each other, from the lowest: the park's \`defaults\`, its role (the roles that this
one extends first, in the order written; a role reached twice counts once, where it is reached first), the lycée, the
room, the machine. Mappings merge key by key; single values and lists replace. A \`role\` written at a room or a machine
replaces the inherited role. \`proviseur explain MACHINE\` tells where each value was written.

- \`packages\` merge by name: \`blender: absent\` on one machine removes what its role wants.
- \`scripts\` as a list replaces the list of the layers below; as a mapping (\`proxy: present\`, \`printers: absent\`) it
  adds and removes.
- \`windows\` is a list and replaces. A window with \`deny\` wins over all others; a list of denials alone means “at any
  other time”. Without any window changes may start at any time.
- \`labels\` of lycée, room and machine add up.

## Machines

A machine is written as its MAC address, or as a mapping with \`mac\` and whatever is particular to it. Machines can also
come from a CSV file, exported from a spreadsheet: \`machines: { csv: b204.csv }\` in a room, or in the lycée with a column
that names the room. Cells are separated by \`;\`, \`,\` or tabs; the first line names the columns, in English or French:
name/nom, mac, room/salle, address/adresse, hostKey/clé d'hôte, labels/étiquettes, role/rôle.

## Calendars

Times without a zone are those of the lycée. Of recurring events in an iCalendar file those are expanded that end
(\`COUNT\` or \`UNTIL\`) and say their days by \`BYDAY\`, \`BYMONTH\` and \`BYMONTHDAY\`.

## Where nothing is said

A lycée works on ${defaults.capacity.actions} PCs at a time and writes ${defaults.capacity.images} disks at a time, wakes ${defaults.capacity.wakes} PCs within ten seconds, and leaves
${100 - defaults.capacity.roomShare * 100} % of a room's PCs in use. Magic packets go to the subnet's broadcast address (without a subnet:
${defaults.limitedBroadcast}), UDP port ${defaults.wakePort}. A commit that would stop managing more than ${defaults.removalLimit * 100} % of the
machines is held for approval.`

const settingNames: ReadonlySet<string> = new Set(Object.keys(settingsShape))

function kindSection(kind: Kind): string {
  const tables: string[] = []
  addTable(kind, schemaOf(kind, 'en'), tables, 2)
  return tables.join('\n\n')
}

function settingsSection(): string {
  const properties = Object.fromEntries(
    Object.entries(schemaOf('Role', 'en').properties ?? {}).filter(([name]) => settingNames.has(name)),
  )
  const description =
    'The settings that layer: they may stand in the park’s `defaults`, in roles, lycées, rooms and machines.'
  const tables: string[] = []
  addTable(settingsTitle, { type: 'object', description, properties }, tables, 2)
  return tables.join('\n\n')
}

const settingsTitle = 'Settings'

/** A heading and table for a mapping, and further ones for the mappings in it. The settings that layer are told once, apart. */
function addTable(title: string, schema: JsonSchema, tables: string[], depth: number): void {
  const properties = Object.entries(schema.properties ?? {})
  const layered = title !== settingsTitle && isLayered(schema)
  const own = layered ? properties.filter(([name]) => !settingNames.has(name)) : properties
  if (own.length === 0) return
  const rows = own.map(([name, field]) => {
    const required = schema.required?.includes(name) === true ? ' (required)' : ''
    const fallback = field.default === undefined ? '' : `\`${String(field.default)}\``
    const meaning = (field.description ?? '').replaceAll('|', '\\|')
    return `| \`${name}\`${required} | ${valueText(field)} | ${fallback} | ${meaning} |`
  })
  tables.push(`${'#'.repeat(Math.min(depth, 4))} ${title.replaceAll('<', '&lt;')}`)
  if (schema.description !== undefined) tables.push(schema.description)
  tables.push(['| field | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n'))
  if (layered) tables.push('And the [settings](#settings) that layer.')
  for (const [name, field] of own) {
    for (const inner of mappingsIn(field))
      addTable(`${title}.${name}${inner.suffix}`, inner.schema, tables, depth + 1)
  }
}

/** Whether a mapping takes the layered settings among its own fields. */
const isLayered = ({ properties = {} }: JsonSchema): boolean => 'inUse' in properties && 'retry' in properties

type Mapping = { readonly suffix: string; readonly schema: JsonSchema }

/** The mappings with fields of their own that a value may be or hold. */
function mappingsIn(schema: JsonSchema): readonly Mapping[] {
  if (schema.properties) return [{ suffix: '', schema }]
  if (schema.anyOf) return schema.anyOf.flatMap(mappingsIn)
  if (schema.items) return mappingsIn(schema.items).map((each) => ({ ...each, suffix: `[]${each.suffix}` }))
  if (typeof schema.additionalProperties === 'object') {
    return mappingsIn(schema.additionalProperties).map((each) => ({
      ...each,
      suffix: `.<name>${each.suffix}`,
    }))
  }
  return []
}

function valueText(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  if (schema.anyOf) return schema.anyOf.map(valueText).join(', or ')
  if (schema.items) return `list of: ${valueText(schema.items)}`
  if (schema.properties) return 'mapping'
  if (typeof schema.additionalProperties === 'object')
    return `by name: ${valueText(schema.additionalProperties)}`
  if (schema.type === 'boolean') return '`true`, `false`'
  if (schema.minimum !== undefined && schema.maximum !== undefined)
    return `number, ${schema.minimum} to ${schema.maximum}`
  const example = schema.examples?.[0]
  return example === undefined ? 'text' : `text such as \`${String(example)}\``
}
