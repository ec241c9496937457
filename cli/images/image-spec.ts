import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMap, parseDocument, Scalar, YAMLMap } from 'yaml'
import type { ManifestDigest } from '../../imaging/digest.ts'
import { createFindings } from '../../specs/findings.ts'
import { readFolder } from '../../specs/read-folder.ts'
import { readSpec } from '../../specs/read-spec.ts'
import type { ImageSpec } from '../../specs/schema/image.ts'
import { say } from '../../specs/text.ts'
import { ok, type Result, refuse } from '../result.ts'

export type FoundSpec = { readonly path: string; readonly spec: ImageSpec }

/** The park's Image of this name. Undefined: the park has none. Refused: its file is there, and wrong. */
export const findImageSpec = async (folder: string, name: string): Promise<Result<FoundSpec | undefined>> => {
  for (const [file, bytes] of await readFolder(folder)) {
    if (!/\.ya?ml$/u.test(file) || !/^kind:\s*Image\s*(#.*)?$/mu.test(Buffer.from(bytes).toString('utf8')))
      continue
    const read = readImage(join(folder, file), bytes)
    if (!read.names.includes(name)) continue
    return read.spec === undefined
      ? broken(join(folder, file))
      : ok({ path: join(folder, file), spec: read.spec })
  }
  return ok(undefined)
}

export const readImageSpec = async (path: string): Promise<Result<FoundSpec>> => {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  if (bytes === undefined) {
    return refuse(
      'spec-missing',
      say(`There is no spec file ${path}.`, `Le fichier de spécification ${path} n’existe pas.`),
    )
  }
  const { spec } = readImage(path, bytes)
  return spec === undefined ? broken(path) : ok({ path, spec })
}

const readImage = (
  path: string,
  bytes: Uint8Array,
): { readonly names: readonly string[]; readonly spec?: ImageSpec } => {
  const findings = createFindings()
  const read = readSpec(path, bytes, findings)
  if (read.spec === undefined) return { names: read.names }
  if (read.spec.kind !== 'Image') return { names: [] }
  const { spec } = read.spec
  return { names: [spec.name], ...(findings.errorCount() > 0 ? {} : { spec }) }
}

const broken = (path: string) =>
  refuse(
    'spec-broken',
    say(
      `${path} is not a sound Image spec. See what is wrong: proviseur check`,
      `${path} n’est pas une spécification d’image valable. Voyez ce qui ne va pas\u00a0: proviseur check`,
    ),
  )

/** As it stands in the specs. A version that looks like a number is quoted, so that editors take it for a word. */
export const versionLine = (version: string, digest: ManifestDigest): string =>
  `"${version}": { digest: "sha256:${digest}" }`

/**
 * Writes a version's digest into its Image spec, in place; comments and all else stay. Refused if the file could then not be read
 * as meant, and left as it is.
 */
export const writeDigest = async (
  path: string,
  version: string,
  digest: ManifestDigest,
): Promise<Result<undefined>> => {
  // Failsafe: 2026.10 stays a word, and is found as it is written.
  const document = parseDocument(await readFile(path, 'utf8'), { schema: 'failsafe' })
  const value = new Scalar(`sha256:${digest}`)
  value.type = Scalar.QUOTE_DOUBLE
  const known = document.getIn(['versions', version])
  if (isMap(known)) {
    known.set('digest', value)
  } else {
    const key = new Scalar(version)
    key.type = Scalar.QUOTE_DOUBLE
    const fields = new YAMLMap()
    fields.flow = true
    fields.set('digest', value)
    const versions = document.get('versions')
    if (!isMap(versions)) return broken(path)
    versions.delete(version)
    versions.add({ key, value: fields })
  }
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: true })
  const read = readImage(path, Buffer.from(text)).spec
  if (read?.versions[version]?.digest !== `sha256:${digest}`) return broken(path)
  const temporary = `${path}.${process.pid}.tmp`
  await writeFile(temporary, text)
  await rename(temporary, path)
  return ok(undefined)
}
