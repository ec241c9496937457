/** What is installed on a simulated PC. */
import { createHash } from 'node:crypto'
import type { Change } from '../../reconciler/model/change.ts'
import type { Digest } from '../../reconciler/model/ids.ts'
import type { ObservedPackages } from '../../reconciler/model/observed.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { DesiredMachine, Profile, WantedPackage } from '../../specs/desired.ts'
import { say } from '../../specs/text.ts'
import { type Archive, resolveVersion } from './archive.ts'
import { CountedMap, CountedSet } from './counted.ts'

export type PcPackages = {
  readonly installed: Map<string, string>
  readonly held: Set<string>
  /** What the change does, at the instant when it is done; the reason if it fails. */
  change(change: Extract<Change, { facet: 'packages' }>, diskFull: boolean): Reason | undefined
  observe(machine: DesiredMachine): ObservedPackages
  /** Exactly what an image holds, and nothing else. */
  replace(packages: Readonly<Record<string, string>>): void
  /** As the machine's spec wants it. */
  settle(profile: Profile): void
}

export const createPackages = (archive: Archive, initial: Readonly<Record<string, string>>): PcPackages => {
  const installed = new CountedMap<string, string>()
  for (const [name, version] of Object.entries(initial)) installed.set(name, version)
  const held = new CountedSet<string>()
  let known: { readonly key: string; readonly packages: ObservedPackages } | undefined

  const install = (source: string, to: string | null): boolean => {
    const version = to === null ? undefined : resolveVersion(archive, source, to)
    if (version === undefined || archive.failing.has(source)) return false
    installed.set(source, version)
    return true
  }

  return {
    installed,
    held,
    change: (change, diskFull) => {
      const { source, to } = change
      switch (change.operation) {
        case 'hold':
          held.add(source)
          return undefined
        case 'unhold':
          held.delete(source)
          return undefined
        case 'remove':
          installed.delete(source)
          return undefined
        case 'install':
        case 'upgrade':
        case 'downgrade':
          if (diskFull) return noSpace(source)
          if (!install(source, to)) return packageFailed(source)
          if (change.hold === true) held.add(source)
          return undefined
      }
    },
    observe: (machine) => {
      const key = `${installed.changes} ${held.changes} ${archive.changes()} ${machine.profile.digest}`
      if (known?.key !== key)
        known = { key, packages: archive.share(read(installed, held, archive, machine)) }
      return known.packages
    },
    replace: (packages) => {
      installed.clear()
      held.clear()
      for (const [name, version] of Object.entries(packages)) installed.set(name, version)
    },
    settle: (profile) => {
      for (const { source, want, hold } of profile.packages.values()) {
        if (source === undefined) continue
        if (want.kind === 'absent') installed.delete(source.name)
        else install(source.name, wantedVersion(want))
        if (hold === true) held.add(source.name)
      }
    },
  }
}

const wantedVersion = (want: WantedPackage['want']): string =>
  want.kind === 'version' ? want.version : want.kind

const read = (
  all: ReadonlyMap<string, string>,
  held: ReadonlySet<string>,
  archive: Archive,
  machine: DesiredMachine,
): ObservedPackages => {
  const installed = new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)))
  const lines = [...installed].map(([name, version]) => `${name}=${version}\n`).join('')
  const candidates = new Map<string, string>()
  for (const { source } of machine.profile.packages.values()) {
    const newest = source && archive.versions.get(source.name)?.at(-1)
    if (source && newest !== undefined) candidates.set(source.name, newest)
  }
  return {
    digest: `sha256:${createHash('sha256').update(lines).digest('hex')}` as Digest,
    installed,
    held: new Set(held),
    broken: [],
    candidates,
  }
}

const packageFailed = (source: string): Reason => ({
  code: 'package-failed',
  message: say(
    `The package ${source} could not be installed.`,
    `Le paquet ${source} n’a pas pu être installé.`,
  ),
  detail: `E: ${source}: post-installation script returned error exit status 1`,
})

const noSpace = (source: string): Reason => ({
  code: 'disk-full',
  message: say(
    `There is no room left on the disk for the package ${source}.`,
    `Il n’y a plus de place sur le disque pour le paquet ${source}.`,
  ),
  detail: 'E: You don’t have enough free space in /var/cache/apt/archives/.',
})
