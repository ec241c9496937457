import type { Compilation } from './compilation.ts'
import type { Facet, InUsePolicy, Origin, SpecLayer, Window } from './desired.ts'
import { type Branch, emptyBranch, type Layer, type Leaf } from './layers.ts'
import { warnNotYet } from './not-yet.ts'
import type { Settings } from './schema/settings.ts'
import type { ImageReference, PackageWant } from './schema/version.ts'
import type { SourceDocument } from './source-document.ts'
import { placeAt, placeOfKey, type SourcePath } from './source-path.ts'
import { type Place, positionOf } from './source-text.ts'
import { suggest } from './suggest.ts'
import { say } from './text.ts'
import { compileWindows } from './windows.ts'

/** An image as a machine wants it, and the system that is in it. */
export type LayeredImage = ImageReference & { readonly digest?: string; readonly os: 'debian' | 'windows' }

/** What the settings of one layer are, once merged: `valuesOf` gives this shape. */
export type LayeredSettings = {
  readonly os?: 'debian' | 'windows'
  readonly image?: LayeredImage
  readonly packages?: Readonly<
    Record<string, { version?: PackageWant; hold?: boolean; effect?: 'quiet' | 'disruptive' | 'destructive' }>
  >
  readonly scripts?: Readonly<Record<string, 'present' | 'absent'>>
  readonly windows?: readonly Window[]
  readonly boot?: Settings['boot']
  readonly reset?: Settings['reset']
  readonly userData?: Settings['userData']
  readonly drift?: Readonly<Partial<Record<Facet, 'enforce' | 'report' | 'ignore'>>>
  readonly inUse?: InUsePolicy
  readonly power?: Settings['power']
  readonly ssh?: Settings['ssh']
  readonly identity?: Settings['identity']
  readonly retry?: Settings['retry']
}

const facets: readonly Facet[] = ['disk', 'packages', 'scripts', 'identity', 'reset']
/** Settings that are maps of single values. */
const maps = ['boot', 'reset', 'userData', 'power', 'ssh', 'identity', 'retry'] as const

/** The layer that these settings, written at `path` of the document, make; references in them are checked here, once for all machines. */
export function settingsLayer(
  settings: Settings,
  document: SourceDocument,
  path: SourcePath,
  compilation: Compilation,
  of: SpecLayer,
): Branch {
  const entries = new Map<string, Layer>()
  const originOf = (place: Place): Origin => ({ ...positionOf(place), layer: of })
  const leaf = (value: unknown, ...at: SourcePath): Leaf => ({
    kind: 'leaf',
    value,
    at: originOf(placeOfKey(document, [...path, ...at])),
  })
  if (settings.os !== undefined) entries.set('os', leaf(settings.os, 'os'))
  if (settings.image) {
    const image = findImage(settings.image, document, [...path, 'image'], compilation)
    if (image) entries.set('image', leaf(image, 'image'))
  }
  if (settings.packages) {
    const packages = new Map<string, Layer>()
    for (const [name, written] of Object.entries(settings.packages)) {
      if (!compilation.catalog.find('Package', name, placeOfKey(document, [...path, 'packages', name])))
        continue
      const wanted = 'kind' in written ? { version: written } : written
      packages.set(
        name,
        mapBranch(wanted, (key) =>
          'kind' in written
            ? leaf(wanted.version, 'packages', name)
            : leaf(written[key], 'packages', name, key),
        ),
      )
    }
    entries.set('packages', branch(packages))
  }
  if (settings.scripts)
    entries.set(
      'scripts',
      scriptsLayer(settings.scripts, document, [...path, 'scripts'], compilation, originOf),
    )
  if (settings.windows) {
    entries.set(
      'windows',
      leaf(compileWindows(settings.windows, document, [...path, 'windows'], compilation), 'windows'),
    )
  }
  const { drift, inUse } = settings
  if (typeof drift === 'string') {
    entries.set('drift', branch(new Map(facets.map((facet) => [facet, leaf(drift, 'drift')]))))
  } else if (drift) {
    entries.set(
      'drift',
      mapBranch(drift, (key) => leaf(drift[key], 'drift', key)),
    )
  }
  if (inUse !== undefined) {
    const policy: InUsePolicy =
      typeof inUse === 'string' ? { kind: inUse } : { kind: 'warn', delayMs: inUse.warn }
    entries.set('inUse', leaf(policy, 'inUse'))
  }
  const key = (field: string) => placeOfKey(document, [...path, field])
  if (settings.userData?.migrate === true)
    warnNotYet(compilation.findings, key('userData'), 'user-data-not-yet')
  for (const field of maps) {
    const written: Readonly<Record<string, unknown>> | undefined = settings[field]
    if (written)
      entries.set(
        field,
        mapBranch(written, (key) => leaf(written[key], field, key)),
      )
  }
  return entries.size === 0 ? emptyBranch : branch(entries)
}

const branch = (entries: ReadonlyMap<string, Layer>, replaces = false): Branch => ({
  kind: 'branch',
  replaces,
  entries,
})

function mapBranch<Fields extends object>(
  written: Fields,
  leafOf: (key: keyof Fields & string) => Leaf,
): Branch {
  const keys = Object.keys(written) as (keyof Fields & string)[]
  return branch(new Map(keys.filter((key) => written[key] !== undefined).map((key) => [key, leafOf(key)])))
}

function scriptsLayer(
  scripts: NonNullable<Settings['scripts']>,
  document: SourceDocument,
  path: SourcePath,
  compilation: Compilation,
  originOf: (place: Place) => Origin,
): Branch {
  const entries = new Map<string, Layer>()
  const isList = Array.isArray(scripts)
  for (const [key, value] of Object.entries(scripts)) {
    const name = isList ? String(value) : key
    const place = isList ? placeAt(document, [...path, Number(key)]) : placeOfKey(document, [...path, key])
    if (!compilation.catalog.find('Script', name, place)) continue
    entries.set(name, { kind: 'leaf', value: isList ? 'present' : value, at: originOf(place) })
  }
  return branch(entries, isList)
}

function findImage(
  { name, version }: ImageReference,
  document: SourceDocument,
  path: SourcePath,
  compilation: Compilation,
): LayeredImage | undefined {
  const place = placeAt(document, path)
  const image = compilation.catalog.find('Image', name, place)
  if (!image) return undefined
  const known = Object.keys(image.spec.versions)
  const found = Object.hasOwn(image.spec.versions, version) ? image.spec.versions[version] : undefined
  if (!found) {
    const near = suggest(version, known) ?? (known.length === 1 ? known[0] : undefined)
    compilation.findings.error(
      place,
      'unknown-image-version',
      say(
        `Image “${name}” has no version ${version}. Known: ${known.join(', ')}.`,
        `L’image « ${name} » n’a pas de version ${version}. Versions connues : ${known.join(', ')}.`,
      ),
      near && `${name}@${near}`,
    )
    return undefined
  }
  if (found.digest === undefined) {
    compilation.findings.warning(
      place,
      'image-version-without-digest',
      say(
        `Version ${version} of image “${name}” has no digest: nothing is written to a disk until “proviseur image import” has made it and its digest stands in the image’s spec.`,
        `La version ${version} de l’image « ${name} » n’a pas d’empreinte : aucun disque n’est écrit tant que « proviseur image import » ne l’a pas créée et que son empreinte ne figure pas dans la spécification de l’image.`,
      ),
    )
  }
  return { name, version, ...(found.digest === undefined ? {} : { digest: found.digest }), os: image.spec.os }
}
