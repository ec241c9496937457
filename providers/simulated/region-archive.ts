import type { Desired, WantedPackage } from '../../specs/desired.ts'
import { type Archive, createArchive } from './archive.ts'

/** Of a package of which nobody wants a certain version. */
const anyVersion = '1.0-1'

/** A repository that has every version that these revisions want. */
export const archiveOf = (revisions: readonly Desired[]): Archive => {
  const versions = new Map<string, Set<string>>()
  const seen = new Set<object>()
  for (const { machines } of revisions)
    for (const { profile } of machines.values()) {
      if (seen.has(profile)) continue
      seen.add(profile)
      for (const wanted of profile.packages.values()) addVersions(versions, wanted)
    }
  return createArchive(
    Object.fromEntries([...versions].map(([name, all]) => [name, all.size === 0 ? [anyVersion] : [...all]])),
  )
}

const addVersions = (versions: Map<string, Set<string>>, { source, want }: WantedPackage): void => {
  if (source === undefined || want.kind === 'absent') return
  const all = versions.get(source.name) ?? new Set<string>()
  versions.set(source.name, all)
  if (want.kind === 'version') all.add(/-[^-]*$/.test(want.version) ? want.version : `${want.version}-1`)
}

/** From a few hundred kilobytes to some hundred megabytes, the same for the same name. */
export const packageBytes = (source: string): number => {
  let mixed = 0x811c9dc5
  for (const letter of source) mixed = Math.imul(mixed ^ letter.charCodeAt(0), 0x01000193) >>> 0
  const share = mixed / 2 ** 32
  return Math.round(300e3 * 1000 ** (share * share))
}
