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

export class PcPackages {
  readonly installed = new CountedMap<string, string>()
  readonly held = new CountedSet<string>()
  readonly #archive: Archive
  #known: { readonly key: string; readonly packages: ObservedPackages } | undefined

  constructor(archive: Archive, initial: Readonly<Record<string, string>>) {
    this.#archive = archive
    for (const [name, version] of Object.entries(initial)) this.installed.set(name, version)
  }

  /** What the change does, at the instant when it is done; the reason if it fails. */
  change(change: Extract<Change, { facet: 'packages' }>, diskFull: boolean): Reason | undefined {
    const { source, to } = change
    switch (change.operation) {
      case 'hold':
        this.held.add(source)
        return undefined
      case 'unhold':
        this.held.delete(source)
        return undefined
      case 'remove':
        this.installed.delete(source)
        return undefined
      case 'install':
      case 'upgrade':
      case 'downgrade':
        if (diskFull) return noSpace(source)
        if (!this.#install(source, to)) return packageFailed(source)
        if (change.hold === true) this.held.add(source)
        return undefined
    }
  }

  observe(machine: DesiredMachine): ObservedPackages {
    const { installed, held } = this
    const archive = this.#archive
    const key = `${installed.changes} ${held.changes} ${archive.changes()} ${machine.profile.digest}`
    if (this.#known?.key !== key)
      this.#known = { key, packages: archive.share(read(installed, held, archive, machine)) }
    return this.#known.packages
  }

  /** Exactly what an image holds, and nothing else. */
  replace(packages: Readonly<Record<string, string>>): void {
    this.installed.clear()
    this.held.clear()
    for (const [name, version] of Object.entries(packages)) this.installed.set(name, version)
  }

  /** As the machine's spec wants it. */
  settle(profile: Profile): void {
    for (const { source, want, hold } of profile.packages.values()) {
      if (source === undefined) continue
      if (want.kind === 'absent') this.installed.delete(source.name)
      else this.#install(source.name, wantedVersion(want))
      if (hold === true) this.held.add(source.name)
    }
  }

  #install(source: string, to: string | null): boolean {
    const version = to === null ? undefined : resolveVersion(this.#archive, source, to)
    if (version === undefined || this.#archive.failing.has(source)) return false
    this.installed.set(source, version)
    return true
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
