/** Understands what dpkg-query and apt-cache print. */
import { createHash } from 'node:crypto'
import type { Digest } from '../../reconciler/model/ids.ts'
import type { ObservedPackages } from '../../reconciler/model/observed.ts'

/** One line a package, tab-separated; status fields as in dpkg-query(1): want, eflag, status. */
const dpkgFields = [
  'Package',
  'Architecture',
  'Version',
  'db:Status-Want',
  'db:Status-Eflag',
  'db:Status-Status',
]
export const dpkgFormat = `${dpkgFields.map((field) => `\${${field}}`).join('\t')}\n`

export type InstalledPackages = Omit<ObservedPackages, 'candidates'>

/** States in which a package's files are there and it works; with triggers still to run, dpkg has work left to do. */
const working = new Set(['installed', 'triggers-awaited', 'triggers-pending'])
const gone = new Set(['not-installed', 'config-files'])

/**
 * `list` as printed with `dpkgFormat`; `native` is the machine's own architecture. A package that is not fully installed is not
 * among the installed ones but among the broken. Lines of another shape are returned, for the caller to complain about.
 */
export function parseInstalled(
  list: string,
  native: string,
): { readonly packages: InstalledPackages; readonly strange: readonly string[] } {
  const installed = new Map<string, string>()
  const held = new Set<string>()
  const broken: { name: string; state: string }[] = []
  const strange: string[] = []
  for (const line of list.split('\n')) {
    if (line === '') continue
    const [bare, arch, version, want, flag, status] = line.split('\t')
    if (
      bare === undefined ||
      arch === undefined ||
      version === undefined ||
      flag === undefined ||
      status === undefined
    ) {
      strange.push(line)
      continue
    }
    const name = arch === native || arch === 'all' || arch === '' ? bare : `${bare}:${arch}`
    if (want === 'hold') held.add(name)
    if (gone.has(status)) continue
    if (working.has(status) && flag === 'ok') installed.set(name, version)
    if (status !== 'installed' || flag !== 'ok') {
      broken.push({ name, state: flag === 'ok' ? status : `${status} (${flag})` })
    }
  }
  return { packages: { digest: digestOf(installed), installed: sorted(installed), held, broken }, strange }
}

/** `apt-cache policy NAME…`: the candidate of each package that has one. */
export function parseCandidates(policy: string): ReadonlyMap<string, string> {
  const candidates = new Map<string, string>()
  let name: string | undefined
  for (const line of policy.split('\n')) {
    const header = /^(\S+):$/.exec(line)
    if (header !== null) name = header[1]
    const candidate = /^ {2}Candidate: (\S+)$/.exec(line)?.[1]
    if (candidate !== undefined && candidate !== '(none)' && name !== undefined)
      candidates.set(name, candidate)
  }
  return candidates
}

const sorted = (packages: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...packages].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))

function digestOf(packages: ReadonlyMap<string, string>): Digest {
  const hash = createHash('sha256')
  for (const [name, version] of sorted(packages)) hash.update(`${name} ${version}\n`)
  return `sha256:${hash.digest('hex')}` as Digest
}
