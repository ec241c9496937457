import type { ObservedPackages } from '../../reconciler/model/observed.ts'
import { CountedMap } from './counted.ts'

/** The package repository that simulated PCs install from. */
export type Archive = {
  /** Full versions by the package manager's name, the oldest first. */
  readonly versions: Map<string, readonly string[]>
  /** Packages whose installation fails. */
  readonly failing: Set<string>
  /** How often the versions have changed. */
  changes(): number
  /** The same object for equal sets, as a region's PCs have few different ones. */
  share(packages: ObservedPackages): ObservedPackages
}

export const createArchive = (versions: Readonly<Record<string, readonly string[]>>): Archive => {
  const counted = new CountedMap<string, readonly string[]>()
  for (const [name, all] of Object.entries(versions)) counted.set(name, all)
  const shared = new Map<string, ObservedPackages>()
  return {
    versions: counted,
    failing: new Set(),
    changes: () => counted.changes,
    share: (packages) => {
      const { digest, held, candidates } = packages
      const key = `${digest} ${[...held].sort().join(' ')} ${[...candidates].map((pair) => pair.join('=')).join(' ')}`
      const known = shared.get(key)
      if (known) return known
      shared.set(key, packages)
      return packages
    },
  }
}

/** The full version that `to` asks for; undefined: there is none. */
export const resolveVersion = (archive: Archive, source: string, to: string): string | undefined => {
  const versions = archive.versions.get(source) ?? []
  if (to === 'present' || to === 'latest') return versions.at(-1)
  return (
    versions.find((version) => version === to) ?? versions.findLast((version) => upstream(version) === to)
  )
}

/** Without epoch and Debian revision: `1:6.0.850-2` → `6.0.850`. */
const upstream = (version: string): string => version.replace(/^\d+:/, '').replace(/-[^-]*$/, '')
