/** What is to be expected of a machine that nobody has looked at: that it is as an earlier revision wants it. */
import type { Profile } from '../specs/desired.ts'
import type { Digest } from './model/ids.ts'
import type { Facts, ObservedDisk, ObservedScript } from './model/observed.ts'

/** Of a version that nobody wrote down. */
const anyVersion = '0'

/** The facts that a look would have found; identity is left out, since it is each machine's own. `next`: whose scripts would have been asked about. */
export function assumedFacts(before: Profile, next: Profile): Pick<Facts, 'packages' | 'scripts' | 'bootId'> {
  const installed = new Map<string, string>()
  const held = new Set<string>()
  for (const { source, want, hold } of before.packages.values()) {
    if (source?.kind !== 'apt' || want.kind === 'absent') continue
    installed.set(source.name, want.kind === 'version' ? want.version : anyVersion)
    if (hold === true) held.add(source.name)
  }
  const scripts = new Map(
    [...next.scripts.values()].map(({ name }) => {
      const known = before.scripts.get(name)
      return [name, known === undefined ? {} : assumedScript(known.digest, known.trigger.kind === 'check')]
    }),
  )
  return {
    bootId,
    scripts,
    packages: {
      digest: before.facetDigests.packages ?? before.digest,
      installed,
      held,
      broken: [],
      candidates: new Map(),
    },
  }
}

const bootId = 'assumed'

function assumedScript(digest: Digest, hasCheck: boolean): ObservedScript {
  const ran = { digest, bootId, at: 0 }
  return {
    lastRun: { ...ran, exitCode: 0 },
    succeeded: ran,
    ...(hasCheck ? { check: { digest, exitCode: 0, output: '' } } : {}),
  }
}

/** Without an image before: a disk of which nothing is known but that it is not ours. */
export function assumedDisk({ disk }: Profile): ObservedDisk {
  if (disk?.manifest === undefined) return { at: 0, by: 'system' }
  return {
    at: 0,
    by: 'system',
    state: {
      manifest: disk.manifest,
      image: `${disk.name}@${disk.version}`,
      layout: disk.layoutDigest,
      settings: disk.settingsDigest,
      job: '',
      at: 0,
      how: 'restore',
    },
  }
}
