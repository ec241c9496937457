/** Draws what goes wrong, plays it on the clock, and can make all of it good again. */
import type { Digest, Instant, MachineId, SiteId } from '../../reconciler/model/ids.ts'
import { siteOf } from '../../reconciler/model/machine-id.ts'
import type { Random } from '../../reconciler/ports.ts'
import type { Desired, Profile } from '../../specs/desired.ts'
import type { Archive } from './archive.ts'
import type { VirtualClock } from './clock.ts'
import { type Faults, noFaults } from './faults.ts'
import { type PcModel, pcModels } from './hardware.ts'
import type { Misfortune } from './misfortune.ts'
import type { SimulatedPc } from './pc.ts'
import { between } from './random.ts'
import type { SiteLines } from './site-lines.ts'

export type MischiefParts = {
  readonly clock: VirtualClock
  readonly random: Random
  readonly kinds: ReadonlySet<Misfortune>
  readonly base: Desired | undefined
  readonly next: Desired
  readonly archive: Archive
  readonly days: number
}

/** What was drawn, for the report: of whom, and since when. */
export type Drawn = { readonly kind: Misfortune; readonly of: string; readonly at?: Instant }

export type Mischief = {
  readonly drawn: readonly Drawn[]
  readonly brokenScripts: ReadonlySet<Digest>
  boots(manifest: string, model: PcModel): boolean
  faults(): Faults
  isCareless(): boolean
  doubleOf(machine: MachineId): MachineId | undefined
  /** A PC has begun with something. */
  started(pc: SimulatedPc): void
  /** Lets it loose on these. */
  begin(pcs: ReadonlyMap<MachineId, SimulatedPc>, lines: ReadonlyMap<SiteId, SiteLines>): void
  /** From now on nothing goes wrong any more, and what had is mended. */
  calm(): void
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** Shares of the PCs, one at least. */
const shares = { 'no-wake': 0.04, 'disk-full': 0.01, 'wrong-clock': 0.01, 'duplicate-mac': 0.002 } as const

const cutOffMs = 2 * dayMs
/** How often a pupil's hand comes in between. */
const switchedOffShare = 0.03
const stormyMessages: Faults = {
  connect: 0.03,
  lose: 0.03,
  cut: 0.02,
  hang: 0.005,
  late: 0.01,
  double: 0.03,
  slow: 0.05,
}

export const createMischief = (parts: MischiefParts): Mischief => {
  const { clock, random, kinds } = parts
  const drawn: Drawn[] = []
  const brokenScripts = new Set<Digest>()
  const doubles = new Map<MachineId, MachineId>()
  const badImages = new Set<string>()
  let badModel: PcModel | undefined
  let isCalm = false
  let mend: (() => void)[] = []

  const pick = <Value>(values: readonly Value[]): Value | undefined =>
    values[Math.floor(random() * values.length)]

  const some = (
    kind: keyof typeof shares,
    pcs: readonly SimulatedPc[],
    hit: (pc: SimulatedPc) => void,
  ): void => {
    if (!kinds.has(kind)) return
    const names: string[] = []
    const count = Math.max(1, Math.round(pcs.length * shares[kind]))
    for (let index = 0; index < count; index += 1) {
      const pc = pick(pcs)
      if (pc === undefined || names.includes(pc.id)) continue
      names.push(pc.id)
      hit(pc)
    }
    drawn.push({ kind, of: names.length <= 5 ? names.join(', ') : `${names.length}` })
  }

  const hitPcs = (pcs: readonly SimulatedPc[]): void => {
    some('no-wake', pcs, (pc) => {
      pc.wakeable = false
      mend.push(() => {
        pc.wakeable = true
      })
    })
    some('disk-full', pcs, (pc) => {
      pc.diskFull = true
      mend.push(() => {
        pc.diskFull = false
      })
    })
    some('wrong-clock', pcs, (pc) => {
      pc.clockSkewMs = Math.round(between(random, -400, 400)) * dayMs
      mend.push(() => {
        pc.clockSkewMs = 0
      })
    })
    some('duplicate-mac', pcs, (pc) => {
      const site = siteOf(pc.id)
      const other = pick(pcs.filter((one) => one !== pc && siteOf(one.id) === site))
      if (other !== undefined) doubles.set(pc.id, other.id)
      mend.push(() => doubles.delete(pc.id))
    })
  }

  const hitContent = (): void => {
    const { base, next, archive } = parts
    const news = newsOf(base, next)
    const manifest = kinds.has('bad-image') ? pick(news.manifests) : undefined
    if (manifest !== undefined) {
      badImages.add(manifest)
      badModel = pick(pcModels)
      drawn.push({ kind: 'bad-image', of: `${manifest.slice(0, 12)}… ${badModel?.name ?? ''}` })
    }
    const source = kinds.has('bad-package') ? pick(news.packages) : undefined
    if (source !== undefined) {
      archive.failing.add(source)
      mend.push(() => archive.failing.delete(source))
      drawn.push({ kind: 'bad-package', of: source })
    }
    const script = kinds.has('bad-script') ? pick(news.scripts) : undefined
    if (script !== undefined) {
      brokenScripts.add(script.digest)
      drawn.push({ kind: 'bad-script', of: script.name })
    }
  }

  const cutOff = (lines: ReadonlyMap<SiteId, SiteLines>): void => {
    const site = kinds.has('cut-lycee') ? pick([...lines.keys()].sort()) : undefined
    const line = site && lines.get(site)
    if (site === undefined || line === undefined) return
    const at = clock.now() + Math.round(between(random, 0, Math.max(1, parts.days - 2)) * dayMs)
    drawn.push({ kind: 'cut-lycee', of: site, at })
    clock.at(at, () => {
      if (!isCalm) line.cut()
    })
    clock.at(at + cutOffMs, line.mend)
    mend.push(line.mend)
  }

  return {
    drawn,
    brokenScripts,
    boots: (manifest, model) => !(badImages.has(manifest) && model === badModel),
    faults: () => (kinds.has('messages') && !isCalm ? stormyMessages : noFaults),
    isCareless: () => kinds.has('pupils') && !isCalm,
    doubleOf: (machine) => doubles.get(machine),
    started: (pc) => {
      if (!kinds.has('pupils') || isCalm || random() >= switchedOffShare) return
      const era = pc.era()
      clock.at(clock.now() + Math.round(between(random, 0, 10 * minuteMs)), () => {
        if (pc.era() === era) pc.powerOff()
      })
    },
    begin: (pcs, lines) => {
      hitPcs([...pcs.values()])
      hitContent()
      cutOff(lines)
      for (const kind of ['pupils', 'messages'] as const) if (kinds.has(kind)) drawn.push({ kind, of: '' })
    },
    calm: () => {
      isCalm = true
      for (const one of mend) one()
      mend = []
      brokenScripts.clear()
      badImages.clear()
    },
  }
}

type News = {
  readonly manifests: readonly string[]
  readonly packages: readonly string[]
  readonly scripts: readonly { readonly name: string; readonly digest: Digest }[]
}

/** What `next` brings that `base` did not have, in order of names. */
const newsOf = (base: Desired | undefined, next: Desired): News => {
  const before = contentOf(base)
  const after = contentOf(next)
  const added = <Value>(all: ReadonlyMap<string, Value>, old: ReadonlyMap<string, Value>): Value[] =>
    [...all]
      .filter(([key]) => !old.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, value]) => value)
  return {
    manifests: added(after.manifests, before.manifests),
    packages: added(after.packages, before.packages),
    scripts: added(after.scripts, before.scripts),
  }
}

const contentOf = (desired: Desired | undefined) => {
  const manifests = new Map<string, string>()
  const packages = new Map<string, string>()
  const scripts = new Map<string, { readonly name: string; readonly digest: Digest }>()
  const seen = new Set<Profile>()
  for (const { profile } of desired?.machines.values() ?? []) {
    if (seen.has(profile)) continue
    seen.add(profile)
    if (profile.disk?.manifest !== undefined) manifests.set(profile.disk.manifest, profile.disk.manifest)
    for (const { source, want } of profile.packages.values())
      if (source !== undefined && want.kind !== 'absent')
        packages.set(`${source.name} ${JSON.stringify(want)}`, source.name)
    for (const { name, digest } of profile.scripts.values()) scripts.set(digest, { name, digest })
  }
  return { manifests, packages, scripts }
}
