import type { Profile, WantedPackage } from '../specs/desired.ts'
import { compareDebianVersions, compareWantedVersion, versionSatisfies } from './debian-version.ts'
import type { PackageChange } from './model/change.ts'
import type { ObservedPackages } from './model/observed.ts'
import { remembered } from './remembered.ts'

export type PackageDifferences = {
  readonly changes: readonly PackageChange[]
  /** Wanted, but without a package for this operating system in the specs. */
  readonly withoutSource: readonly WantedPackage[]
}

/** What differs between the wanted packages and the installed ones, by package name. Packages that no spec names are left alone. */
export const diffPackages = ({ packages }: Profile, observed: ObservedPackages): PackageDifferences =>
  compared(observed, packages)

const compared = remembered(
  (observed: ObservedPackages, packages: Profile['packages']): PackageDifferences => {
    const changes: PackageChange[] = []
    const withoutSource: WantedPackage[] = []
    for (const wanted of packages.values()) {
      if (wanted.source?.kind !== 'apt') {
        if (wanted.want.kind !== 'absent') withoutSource.push(wanted)
        continue
      }
      const change = diffPackage(wanted, wanted.source.name, observed)
      if (change !== undefined) changes.push(change)
    }
    return {
      changes: changes.sort(by((one) => one.item)),
      withoutSource: withoutSource.sort(by((one) => one.name)),
    }
  },
)

function diffPackage(
  wanted: WantedPackage,
  source: string,
  observed: ObservedPackages,
): PackageChange | undefined {
  const installed = observed.installed.get(source) ?? null
  const broken = isBroken(source, observed)
  const base = { facet: 'packages', item: wanted.name, source, from: installed } as const

  if (wanted.want.kind === 'absent') {
    if (installed === null && !broken) return undefined
    return { ...base, operation: 'remove', to: null, effect: wanted.effect }
  }

  const to = wanted.want.kind === 'version' ? wanted.want.version : wanted.want.kind
  const operation = broken ? 'install' : operationFor(wanted.want, installed, observed.candidates.get(source))
  if (operation !== undefined) {
    const change: PackageChange = { ...base, operation, to, effect: wanted.effect }
    return wanted.hold === undefined ? change : { ...change, hold: wanted.hold }
  }
  if (wanted.hold === undefined || wanted.hold === observed.held.has(source)) return undefined
  // A mark in dpkg's database: nobody at the PC notices it, whatever the package itself would do.
  return {
    ...base,
    operation: wanted.hold ? 'hold' : 'unhold',
    to,
    hold: wanted.hold,
    effect: 'quiet',
  }
}

function operationFor(
  want: Exclude<WantedPackage['want'], { kind: 'absent' }>,
  installed: string | null,
  candidate: string | undefined,
): 'install' | 'upgrade' | 'downgrade' | undefined {
  if (installed === null) return 'install'
  switch (want.kind) {
    case 'present':
      return undefined
    case 'latest':
      // Without a candidate the package manager knows nothing newer: what is installed is the latest there is.
      return candidate !== undefined && compareDebianVersions(candidate, installed) > 0
        ? 'upgrade'
        : undefined
    case 'version':
      if (versionSatisfies(want.version, installed)) return undefined
      return compareWantedVersion(want.version, installed) < 0 ? 'downgrade' : 'upgrade'
  }
}

const isBroken = (source: string, observed: ObservedPackages): boolean =>
  observed.broken.length > 0 && observed.broken.some((one) => one.name === source)

const by =
  <Item>(name: (item: Item) => string) =>
  (a: Item, b: Item): number =>
    name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0
