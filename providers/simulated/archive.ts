/** The package repository that simulated PCs install from. */
export type Archive = {
  /** Full versions by the package manager's name, the oldest first. */
  readonly versions: Map<string, readonly string[]>
  /** Packages whose installation fails. */
  readonly failing: Set<string>
}

export const createArchive = (versions: Readonly<Record<string, readonly string[]>>): Archive => ({
  versions: new Map(Object.entries(versions)),
  failing: new Set(),
})

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
