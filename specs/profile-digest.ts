/** What tells one profile from another. */
import type { Profile } from './desired.ts'
import { digestOfJson } from './digest.ts'
import type { Digest } from './ids.ts'

/** Everything of a profile that its digest covers. */
export type ProfileContent = Omit<Profile, 'digest' | 'facetDigests' | 'origins'>

/** What makes a difference on the PC, facet by facet; a facet without wishes has none. */
export function facetDigestsOf(content: ProfileContent): Profile['facetDigests'] {
  const packages = [...content.packages.values()].map(({ source, want, hold, name }) => [
    source?.name ?? name,
    want,
    hold ?? null,
  ])
  const scripts = [...content.scripts.values()].map(({ name, digest, trigger }) => [
    name,
    digest,
    trigger.kind,
  ])
  const { disk, identity, reset, userData } = content
  return {
    ...(disk === undefined
      ? {}
      : {
          disk: digestOfJson([
            disk.name,
            disk.version,
            disk.manifest ?? null,
            disk.layoutDigest,
            disk.settingsDigest,
          ]),
        }),
    ...(packages.length === 0 ? {} : { packages: digestOfJson(packages) }),
    ...(scripts.length === 0 ? {} : { scripts: digestOfJson(scripts) }),
    identity: digestOfJson(identity),
    ...(reset === undefined && userData === undefined
      ? {}
      : { reset: digestOfJson([reset ?? null, userData ?? null]) }),
  }
}

/** Facets come in by their digests. Where a window was written does not matter to what is wanted. */
export function profileDigest(content: ProfileContent & Pick<Profile, 'facetDigests'>): Digest {
  const { facetDigests, roles, os, windows, drift, inUse, power, ssh, retry } = content
  return digestOfJson([
    facetDigests,
    roles,
    os,
    [...content.packages.values()].map(({ name, effect }) => [name, effect]),
    [...content.scripts.values()].map(({ timeoutMs, effect }) => [timeoutMs, effect]),
    windows.map(({ deny, allow, span }) => [deny, allow, span]),
    drift,
    inUse,
    power,
    ssh,
    retry,
  ])
}
