import type { Findings } from './findings.ts'
import { pathKey, reportIssues } from './issues.ts'
import { type Kind, kinds, type SpecOf, schemas } from './schema/kinds.ts'
import { readSourceDocument, type SourceDocument } from './source-document.ts'
import { type PlainMap, type PlainValue, placeAt, plainValue, type SourcePath } from './source-path.ts'
import { suggest } from './suggest.ts'
import { say } from './text.ts'

/** One file's document: what it says (`spec`) and where it says it (`document`). */
export type Spec<K extends Kind = Kind> = {
  readonly [Each in K]: {
    readonly kind: Each
    readonly spec: SpecOf[Each]
    readonly document: SourceDocument
    /** False: parts with errors were left out, so that what is not there may well have been written. */
    readonly complete: boolean
  }
}[K]

/** `names`: that a document which could not be used may have, so that references to it are not called unknown as well. */
export type ReadSpec =
  | { readonly spec: Spec }
  | { readonly spec?: undefined; readonly names: readonly string[] }

/** Reads one spec file. All that is wrong goes to `findings`; parts with errors are left out of what is returned. */
export function readSpec(file: string, bytes: Uint8Array, findings: Findings): ReadSpec {
  const stem = (file.split('/').at(-1) ?? '').replace(/\.ya?ml$/, '')
  const document = readSourceDocument(file, bytes, findings)
  if (!document) return { names: [stem] }
  const plain = plainValue(document.root)
  if (typeof plain === 'string' || Array.isArray(plain)) {
    findings.error(
      placeAt(document, []),
      'wrong-type',
      say(
        'A spec file is a mapping: it begins with `kind:` and `name:`.',
        'Un fichier de spécification est une suite de champs : il commence par `kind:` et `name:`.',
      ),
    )
    return { names: [stem] }
  }
  const name = typeof plain['name'] === 'string' ? plain['name'] : stem
  const kind = readKind(plain, document, findings)
  const spec = kind && readAs(kind, plain, document, findings)
  return spec ? { spec } : { names: [stem, name] }
}

function readKind(plain: PlainMap, document: SourceDocument, findings: Findings): Kind | undefined {
  const written = plain['kind']
  const kind = kinds.find((known) => known === written)
  if (kind) return kind
  const list = kinds.join(', ')
  if (written !== undefined || (document.root.kind === 'map' && document.root.refused.has('kind'))) {
    if (written === undefined) return undefined
    findings.error(
      placeAt(document, ['kind']),
      'unknown-kind',
      say(`Unknown kind. Expected one of ${list}.`, `Type inconnu. Attendu : l’un des types ${list}.`),
      typeof written === 'string'
        ? suggest(written.normalize('NFD').replace(/\p{M}/gu, ''), kinds)
        : undefined,
    )
    return undefined
  }
  findings.error(
    placeAt(document, []),
    'missing-field',
    say(
      `The field “kind” is missing here: it says what the file describes (${list}).`,
      `Il manque le champ « kind » ici : il dit ce que le fichier décrit (${list}).`,
    ),
  )
  return undefined
}

/** A park has a handful of errors in one place at most; each round removes all that one look at the document finds. */
const maxRounds = 8

/**
 * Checks a document against its schema. What is wrong is reported and taken out, and the rest is checked again: a lycée with
 * one bad MAC address still has its other machines checked.
 */
function readAs<K extends Kind>(
  kind: K,
  plain: PlainMap,
  document: SourceDocument,
  findings: Findings,
): Spec<K> | undefined {
  const takenOut = new Set<string>()
  for (let round = 0; round < maxRounds; round += 1) {
    const result = schemas[kind].safeParse(plain)
    if (result.success) return { kind, spec: result.data, document, complete: round === 0 } as Spec<K>
    for (const path of reportIssues(result.error.issues, document, findings, takenOut)) {
      const taken = takeOut(plain, path)
      if (!taken) return undefined
      takenOut.add(pathKey(taken))
    }
  }
  return undefined
}

/**
 * Removes what stands at the path; inside a list the whole list, since the places of its items are found by their index.
 * Returns the path of what was removed; undefined if nothing would be left.
 */
function takeOut(plain: PlainMap, path: SourcePath): SourcePath | undefined {
  let owner: PlainMap | undefined
  let depth = 0
  let value: PlainValue | undefined = plain
  for (const key of path) {
    if (value === undefined || typeof value === 'string' || Array.isArray(value)) break
    owner = value
    depth += 1
    value = value[String(key)]
  }
  if (!owner) return undefined
  const taken = path.slice(0, depth)
  delete owner[String(taken.at(-1))]
  return taken
}
