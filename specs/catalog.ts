import type { Position } from './diagnostic.ts'
import type { Findings } from './findings.ts'
import type { Spec } from './read-spec.ts'
import { type Kind, kindNames, kinds } from './schema/kinds.ts'
import { placeAt } from './source-path.ts'
import { type Place, placeOf, positionOf, sourceText } from './source-text.ts'
import { suggest } from './suggest.ts'
import { say } from './text.ts'

/** All documents of a park by kind and name. Names are unique within a kind. */
export type Catalog = {
  all<K extends Kind>(kind: K): readonly Spec<K>[]
  /** The document of that name, marked as used. Undefined, with a finding at `place`, if there is none. */
  find<K extends ReferredKind>(kind: K, name: string, place: Place): Spec<K> | undefined
  /** The same in silence: for what was found before. */
  get<K extends Kind>(kind: K, name: string): Spec<K> | undefined
  isUsed(spec: Spec): boolean
  /** A place in a spec file that was told by its position. */
  placeAt(position: Position): Place
}

/** Kinds that others refer to by name. */
export type ReferredKind = Exclude<Kind, 'Park'>

const unknownCodes = {
  Role: 'unknown-role',
  Lycee: 'unknown-lycee',
  Image: 'unknown-image',
  Package: 'unknown-package',
  Script: 'unknown-script',
  Calendar: 'unknown-calendar',
  Secret: 'unknown-secret',
} as const

type ByName = { readonly [K in Kind]: Map<string, Spec<K>> }

/** `broken`: names of documents that have errors of their own; references to them are not reported again. */
export function createCatalog(
  specs: readonly Spec[],
  broken: ReadonlySet<string>,
  findings: Findings,
): Catalog {
  const byName: ByName = {
    Park: new Map(),
    Role: new Map(),
    Lycee: new Map(),
    Image: new Map(),
    Package: new Map(),
    Script: new Map(),
    Calendar: new Map(),
    Secret: new Map(),
  }
  for (const spec of specs) {
    const sameKind = byName[spec.kind] as Map<string, Spec>
    const first = sameKind.get(spec.spec.name)
    if (first && spec.kind !== 'Park') reportTwin(spec, first, findings)
    else if (!first) sameKind.set(spec.spec.name, spec)
  }
  const used = new Set<Spec>()
  const sources = new Map(specs.map(({ document }) => [document.source.file, document.source]))
  return {
    all: <K extends Kind>(kind: K) => [...byName[kind].values()],
    find: <K extends ReferredKind>(kind: K, name: string, place: Place) => {
      const spec = byName[kind].get(name)
      if (spec) used.add(spec as Spec)
      else if (!broken.has(name)) reportUnknown(kind, name, place, byName, findings)
      return spec
    },
    get: <K extends Kind>(kind: K, name: string) => byName[kind].get(name),
    isUsed: (spec) => used.has(spec),
    placeAt: ({ file, line, column }) => placeOf(sources.get(file) ?? sourceText(file, ''), line, column),
  }
}

function reportTwin(spec: Spec, first: Spec, findings: Findings): void {
  const { file, line } = positionOf(placeAt(first.document, ['name']))
  const kind = kindNames[spec.kind]
  const name = spec.spec.name
  findings.error(
    placeAt(spec.document, ['name']),
    'duplicate-name',
    say(
      `There is a ${kind.en} “${name}” already, in ${file}:${line}; names are unique within a kind.`,
      `Il existe déjà un document « ${name} » (${kind.fr}), dans ${file}:${line} ; les noms sont uniques par type.`,
    ),
  )
}

function reportUnknown(
  kind: ReferredKind,
  name: string,
  place: Place,
  byName: ByName,
  findings: Findings,
): void {
  const { en, fr } = kindNames[kind]
  const other = kinds.find((each) => each !== kind && each !== 'Park' && byName[each].has(name))
  if (other) {
    findings.error(
      place,
      'wrong-kind',
      say(
        `“${name}” is a ${kindNames[other].en}; a ${en} is expected here.`,
        `« ${name} » est de type ${kindNames[other].fr} ; le type attendu ici est ${fr}.`,
      ),
      suggest(name, byName[kind].keys()),
    )
    return
  }
  const folder = `${kind === 'Lycee' ? 'lycee' : kind.toLowerCase()}s/${name}.yaml`
  findings.error(
    place,
    unknownCodes[kind],
    say(
      `There is no ${en} “${name}” in this park. Correct the name, or describe it in a file such as ${folder}.`,
      `Ce parc n’a pas de document « ${name} » de type ${fr}. Corrigez le nom, ou décrivez-le dans un fichier comme ${folder}.`,
    ),
    suggest(name, byName[kind].keys()),
  )
}
