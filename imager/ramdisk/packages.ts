/**
 * The Debian packages that the ramdisk is made of: resolved and fetched by this machine's apt, with its proxies and certificates, but
 * with lists, status and archives of our own: nothing is installed, and no right of root is needed.
 */
import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from '../../imaging/program.ts'
import { type Result, refuse, right } from '../../imaging/refusal.ts'
import { readIfThere } from './files.ts'
import { lastWords } from './last-words.ts'
import { filePackages, kernelPackage, optionalPackages, toolPackages } from './recipe.ts'
import { debianSources } from './sources.ts'

export type DebianPackage = {
  readonly name: string
  readonly version: string
  /** Of the package file in the cache's `packages`. */
  readonly file: string
  readonly sha256: string
}

/** `fresh`: the newest of the release. `kept`: those of the last time, without any network. */
export type Freshness = 'fresh' | 'kept'

/** All the packages, lying in `<cache>/packages`, sorted by name; each has the hash that Debian's signed lists name. */
export async function debianPackages(
  cache: string,
  freshness: Freshness,
): Promise<Result<readonly DebianPackage[]>> {
  const known = await readKnown(cache)
  if (freshness === 'kept') {
    const isWhole = known !== undefined && hasAllOf(known) && (await missing(cache, known)).length === 0
    return isWhole ? right(known) : refuse('no-packages-kept', ...nothingKept)
  }
  const resolved = await resolve(cache)
  if (!resolved.ok) return resolved
  const fetched = await fetchMissing(cache, resolved.value)
  if (!fetched.ok) return fetched
  await writeFile(knownPath(cache), `${JSON.stringify(resolved.value, null, 2)}\n`)
  await removeOthers(cache, resolved.value)
  return resolved
}

/** A later recipe asks for packages that an earlier one did not fetch. */
const hasAllOf = (known: readonly DebianPackage[]): boolean =>
  [...toolPackages, ...filePackages].every((wanted) => known.some(({ name }) => name === wanted))

async function resolve(cache: string): Promise<Result<readonly DebianPackage[]>> {
  const sources = await debianSources()
  if (!sources.ok) return sources
  await prepareApt(cache, sources.value)
  // Without this, apt is content with the old lists where a mirror cannot be reached.
  const update = await apt(cache, ['-o', 'APT::Update::Error-Mode=any', 'update', '-qq'])
  if (!update.ok) return update
  if (update.value.exitCode !== 0)
    return refuse('packages-unreachable', ...unreachable, lastWords(update.value))
  const kernel = await newestKernel(cache)
  const optional = await available(cache, optionalPackages)
  const all = await uris(cache, [
    ['install', '-y', '--no-install-recommends', ...toolPackages],
    ['download', kernel ?? kernelPackage, ...filePackages, ...optional],
  ])
  if (!all.ok) return all
  return right([...all.value].sort((a, b) => (a.name < b.name ? -1 : 1)))
}

/** The package with the kernel itself: the one of the release's name only depends on it. */
async function newestKernel(cache: string): Promise<string | undefined> {
  const shown = await show(cache, [kernelPackage])
  return /^Depends:.*?\b(linux-image-\d\S+)/m.exec(shown)?.[1]
}

async function available(cache: string, names: readonly string[]): Promise<readonly string[]> {
  const shown = await show(cache, names)
  return names.filter((name) => new RegExp(`^Package: ${name}$`, 'm').test(shown))
}

/** Nothing for packages that the lists do not have. */
async function show(cache: string, names: readonly string[]): Promise<string> {
  const ran = await apt(cache, ['show', '--no-all-versions', ...names], 'apt-cache')
  return ran.ok ? ran.value.stdout.toString() : ''
}

/** Each word list makes apt print what it would fetch: `'URI' file size SHA256:…` */
async function uris(
  cache: string,
  calls: readonly (readonly string[])[],
): Promise<Result<readonly DebianPackage[]>> {
  const found = new Map<string, DebianPackage>()
  for (const words of calls) {
    const ran = await apt(cache, ['-qq', '--print-uris', '-o', 'Acquire::ForceHash=SHA256', ...words])
    if (!ran.ok) return ran
    if (ran.value.exitCode !== 0) return refuse('packages-unresolved', ...unresolved, lastWords(ran.value))
    const lines = ran.value.stdout.toString()
    for (const [, uriFile, sha256] of lines.matchAll(/^'[^']*' (\S+) \d+ SHA256:([0-9a-f]{64})$/gm)) {
      // name_version_architecture.deb, the version's colon as %3a; `download` leaves the epoch in as well.
      const file = (uriFile ?? '').replace(/:/g, '%3a')
      const [name = '', version = ''] = file.split('_')
      found.set(name, { name, version: decodeURIComponent(version), file, sha256: sha256 ?? '' })
    }
  }
  return right([...found.values()])
}

async function fetchMissing(cache: string, packages: readonly DebianPackage[]): Promise<Result<undefined>> {
  const absent = await missing(cache, packages)
  if (absent.length === 0) return right(undefined)
  const folder = packageFolder(cache)
  const wanted = absent.map(({ name, version }) => `${name}=${version}`)
  const ran = await apt(cache, ['-q', 'download', ...wanted], 'apt-get', folder)
  if (!ran.ok) return ran
  if (ran.value.exitCode !== 0) {
    const full = /No space left on device|not have enough (free )?space/i.test(ran.value.stderr)
    return full
      ? refuse('disk-full', ...diskFull(cache), lastWords(ran.value))
      : refuse('packages-unreachable', ...unreachable, lastWords(ran.value))
  }
  const still = await missing(cache, packages)
  if (still.length === 0) return right(undefined)
  return refuse('packages-unreachable', ...unreachable, still.map(({ file }) => file).join(' '))
}

/** Those that are not in the cache, or not as Debian's lists say: these are removed. */
async function missing(cache: string, packages: readonly DebianPackage[]): Promise<readonly DebianPackage[]> {
  const absent: DebianPackage[] = []
  for (const one of packages) {
    const path = join(packageFolder(cache), one.file)
    const bytes = await readIfThere(path)
    if (bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === one.sha256) continue
    if (bytes !== undefined) await rm(path)
    absent.push(one)
  }
  return absent
}

async function removeOthers(cache: string, packages: readonly DebianPackage[]): Promise<void> {
  const kept = new Set(packages.map(({ file }) => file))
  for (const name of await readdir(packageFolder(cache)))
    if (name.endsWith('.deb') && !kept.has(name)) await rm(join(packageFolder(cache), name))
}

export const packageFolder = (cache: string): string => join(cache, 'packages')
const knownPath = (cache: string): string => join(cache, 'packages.json')

async function readKnown(cache: string): Promise<readonly DebianPackage[] | undefined> {
  const bytes = await readIfThere(knownPath(cache))
  // Written by ourselves; whatever else stands there has no package's hash.
  return bytes === undefined ? undefined : JSON.parse(bytes.toString('utf8'))
}

async function prepareApt(cache: string, sources: readonly string[]): Promise<void> {
  const root = join(cache, 'apt')
  await mkdir(packageFolder(cache), { recursive: true })
  for (const folder of ['state/lists/partial', 'cache/archives/partial'])
    await mkdir(join(root, folder), { recursive: true })
  // Nothing is installed here: all that is needed gets listed.
  await writeFile(join(root, 'state/status'), '')
  await writeFile(join(root, 'sources.list'), `${sources.join('\n')}\n`)
  await writeFile(join(root, 'apt.conf'), aptConfiguration(root))
}

/** Read after the host's own configuration, of which proxies and the like stay; hooks and pins are for its own packages. */
const aptConfiguration = (root: string): string => `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::Contents-deb;
#clear APT::Default-Release;
#clear APT::Architectures;
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State ${quoted(join(root, 'state'))};
Dir::State::lists ${quoted(join(root, 'state/lists'))};
Dir::State::status ${quoted(join(root, 'state/status'))};
Dir::Cache ${quoted(join(root, 'cache'))};
Dir::Cache::archives ${quoted(join(root, 'cache/archives'))};
Dir::Etc::SourceList ${quoted(join(root, 'sources.list'))};
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
`

const quoted = (path: string): string => `"${path}"`

const apt = (cache: string, words: readonly string[], program = 'apt-get', cwd = cache) =>
  runProgram(program, ['-c', join(cache, 'apt/apt.conf'), ...words], { cwd })

const unreachable = [
  'The Debian packages for the ramdisk could not be fetched; apt says why below. Check this machine’s network and apt sources, or build from the packages of the last time: --offline.',
  'Les paquets Debian de l’imageur n’ont pas pu être récupérés\u00a0; apt en donne la raison ci-dessous. Vérifiez le réseau et les sources apt de cette machine, ou construisez avec les paquets de la dernière fois\u00a0: --offline.',
] as const

const unresolved = [
  'The mirror does not have all the Debian packages that the ramdisk needs; apt says which below. Try another mirror, or later: it may be in the middle of an update.',
  'Le miroir ne fournit pas tous les paquets Debian nécessaires à l’imageur\u00a0; apt dit lesquels ci-dessous. Essayez un autre miroir, ou plus tard\u00a0: une mise à jour y est peut-être en cours.',
] as const

const nothingKept = [
  'No packages are kept from an earlier build, or not all of them: build once without --offline.',
  'Il ne reste pas de paquets d’une construction précédente, ou pas tous\u00a0: construisez une fois sans --offline.',
] as const

export const diskFull = (folder: string) =>
  [
    `The disk that holds ${folder} is full: the ramdisk needs 1 GB there while it is built. Free some space and start again.`,
    `Le disque qui contient ${folder} est plein\u00a0: la construction de l’imageur y demande 1 Go. Libérez de l’espace puis relancez.`,
  ] as const
