/**
 * One desired state of two: while a revision makes its way through a park, some machines are to be what it says and the others
 * what the one before said. The result is a desired state like any other, with a digest of its own, so that planning and
 * carrying out need not know that a rollout is under way.
 */
import type { Desired, DesiredMachine, DesiredSecret, Profile } from './desired.ts'
import { digestOfJson } from './digest.ts'
import { byCodeUnit } from './files.ts'
import type { Digest, MachineId, SecretName } from './ids.ts'
import { profileDigest } from './profile-digest.ts'
import { sealed } from './serialize.ts'

/**
 * `next` as it is for the admitted machines. The others keep the *content* that `base` gave them: what makes a difference on their
 * disk, packages, scripts and identity. All else (windows, what is done about drift, how a PC is reached, the lycées and their
 * limits) is how we work and not what a PC is: it comes from `next` at once, because a commit that forbids changes during an exam
 * must not wait for its wave. A machine that `base` does not know has no content, so that it is looked at and left as it is.
 * Machines that `next` no longer has are left out: nobody manages them.
 */
export function composite(
  base: Desired | undefined,
  next: Desired,
  admitted: (machine: MachineId) => boolean,
): Desired {
  const profiles = new Map<Profile | undefined, Map<Profile, Profile>>()
  const kept = keptSecrets(base, next)
  const machines = new Map<MachineId, DesiredMachine>()
  let differs = false
  for (const [id, machine] of next.machines) {
    const before = admitted(id) ? machine.profile : base?.machines.get(id)?.profile
    const profile =
      before === machine.profile ? machine.profile : mixed(profiles, before, machine.profile, kept.names)
    if (profile !== machine.profile) differs = true
    machines.set(id, profile === machine.profile ? machine : { ...machine, profile })
  }
  if (!differs) return next
  const secrets = [...kept.secrets, ...next.secrets].sort(([a], [b]) => byCodeUnit(a, b))
  const { digest: _ofNext, ...rest } = next
  return sealed({ ...rest, machines, secrets: new Map(secrets) })
}

/** Whether a machine is to be something else by `next` than by `base`. */
export const changesContent = (base: DesiredMachine | undefined, next: DesiredMachine): boolean =>
  !sameContent(base?.profile, next.profile)

function mixed(
  known: Map<Profile | undefined, Map<Profile, Profile>>,
  base: Profile | undefined,
  next: Profile,
  names: ReadonlyMap<SecretName, SecretName>,
): Profile {
  const withBase = known.get(base) ?? new Map<Profile, Profile>()
  known.set(base, withBase)
  const profile = withBase.get(next) ?? (sameContent(base, next) ? next : mix(base, next, names))
  withBase.set(next, profile)
  return profile
}

/** Facet by facet: two revisions that were compiled apart share no objects. */
function sameContent(base: Profile | undefined, next: Profile): boolean {
  const before: Readonly<Record<string, Digest>> = base?.facetDigests ?? nothing.facetDigests
  const after: Readonly<Record<string, Digest>> = next.facetDigests
  const facets = new Set([...Object.keys(before), ...Object.keys(after)])
  return (base?.os ?? next.os) === next.os && [...facets].every((facet) => before[facet] === after[facet])
}

function mix(base: Profile | undefined, next: Profile, names: ReadonlyMap<SecretName, SecretName>): Profile {
  const { windows, drift, inUse, power, ssh, retry } = next
  const before = base === undefined ? { ...nothing, os: next.os } : withSecrets(base, names)
  const content = { ...before, windows, drift, inUse, power, ssh, retry }
  const origins = new Map([...next.origins].filter(([path]) => isOfPolicy(path)))
  for (const [path, origin] of base?.origins ?? []) if (!isOfPolicy(path)) origins.set(path, origin)
  return { ...content, digest: profileDigest(content), origins }
}

/**
 * Secrets of `base` beside those of `next`. One whose contents are others by now goes by a name of its own (`wifi@0f3ac1d2`),
 * which no spec can give: who waits for the new revision is given the old contents until then.
 */
function keptSecrets(base: Desired | undefined, next: Desired) {
  const names = new Map<SecretName, SecretName>()
  const secrets = new Map<SecretName, DesiredSecret>()
  for (const secret of base?.secrets.values() ?? []) {
    const plain = secret.name.replace(/@.*$/, '') as SecretName
    const now = next.secrets.get(plain)
    const own = `${plain}@${secret.digest.slice('sha256:'.length, 'sha256:'.length + 8)}` as SecretName
    const name = now === undefined ? secret.name : now.digest === secret.digest ? plain : own
    names.set(secret.name, name)
    if (name !== now?.name) secrets.set(name, { ...secret, name })
  }
  return { names, secrets }
}

function withSecrets(profile: Profile, names: ReadonlyMap<SecretName, SecretName>): Profile {
  const scripts = new Map(
    [...profile.scripts].map(([name, script]) => [
      name,
      { ...script, secrets: script.secrets.map((secret) => names.get(secret) ?? secret) },
    ]),
  )
  return { ...profile, scripts }
}

const isOfPolicy = (path: string): boolean => /^(?:windows|drift|inUse|power|ssh|retry)(?:\.|$)/.test(path)

const empty = {
  roles: [],
  packages: new Map(),
  scripts: new Map(),
  identity: { hostname: false },
} as const

/** Of a machine that no earlier revision had: nothing is wanted of it. */
const nothing = { ...empty, facetDigests: { identity: digestOfJson(empty.identity) } } as const
