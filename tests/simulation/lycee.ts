/** What the simulated lycée is to be: written short, sealed with true digests. */
import { createHash } from 'node:crypto'
import type {
  Desired,
  DesiredMachine,
  DesiredRollout,
  DesiredSite,
  Profile,
  WantedPackage,
  WantedScript,
} from '../../specs/desired.ts'
import type { Digest } from '../../specs/ids.ts'
import { sealed } from '../../specs/serialize.ts'
import { machine, park, profile, wantedPackage, wantedScript } from '../reconciler/sample-park.ts'

export type Wish = {
  /** Wanted version, `present`, `latest` or `absent`, by name. */
  readonly packages?: Readonly<Record<string, string>>
  /** When each script runs; a number after the colon makes it another one: `change:2`. */
  readonly scripts?: Readonly<Record<string, string>>
  readonly more?: Partial<Omit<Profile, 'packages' | 'scripts'>>
  readonly site?: Partial<DesiredSite>
  readonly removalLimit?: number
  readonly rollout?: DesiredRollout
}

export const sixPcs = ['b204-01', 'b204-02', 'b204-03', 'b205-01', 'b205-02', 'b205-03'].map(
  (name) => `victor-hugo/${name}`,
)

export const wish = (ids: readonly string[], of: Wish): Desired => {
  const wanted = profileOf(of)
  const machines = ids.map((id): DesiredMachine => machine(id, wanted))
  const { digest: _unsealed, ...made } = park(machines, of.site)
  const { removalLimit = made.park.removalLimit, rollout } = of
  return sealed({
    ...made,
    park: { ...made.park, removalLimit, ...(rollout === undefined ? {} : { rollout }) },
  })
}

const profileOf = (of: Wish): Profile => {
  const packages = Object.entries(of.packages ?? {}).map(([name, want]) => packageOf(name, want))
  const scripts = Object.entries(of.scripts ?? {}).map(([name, when]) => scriptOf(name, when))
  const digest = (part: unknown) => hash(JSON.stringify(part))
  return profile({
    digest: digest([packages, scripts, of.more ?? {}]),
    facetDigests: { packages: digest(packages), scripts: digest(scripts), identity: digest('hostname') },
    packages,
    scripts,
    identity: { hostname: true },
    retry: { attempts: 4, baseMs: 20_000, capMs: 600_000 },
    ...of.more,
  })
}

const packageOf = (name: string, want: string): WantedPackage => {
  switch (want) {
    case 'present':
    case 'latest':
    case 'absent':
      return wantedPackage(name, { kind: want })
    default:
      return wantedPackage(name, want)
  }
}

const scriptOf = (name: string, when: string): WantedScript => {
  const [kind = 'change', variant = '1'] = when.split(':')
  if (kind !== 'check' && kind !== 'change' && kind !== 'boot' && kind !== 'once')
    throw new Error(`no trigger ${kind}`)
  return wantedScript(name, kind, { digest: hash(`${name} ${variant}`) })
}

const hash = (text: string): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest
