/** What a simulated PC knows of the scripts that ran on it. */
import type { Digest, Instant, ScriptName } from '../../reconciler/model/ids.ts'
import type { ObservedScript } from '../../reconciler/model/observed.ts'
import type { Profile, WantedScript } from '../../specs/desired.ts'
import { CountedSet } from './counted.ts'

export type ScriptRun = {
  readonly script: ScriptName
  readonly digest: Digest
  readonly bootId: string
  readonly exitCode: number
}

export type PcScripts = {
  /** Scripts whose effect is in place: what a check looks for. A hand that undoes one removes it. */
  readonly effects: Set<ScriptName>
  /** Exit code of a script's next runs; 0 unless set. */
  readonly exitCodes: Map<ScriptName, number>
  /** Each run of a script since the disk was last written, in order. */
  readonly runs: readonly ScriptRun[]
  /** Its exit code. What is made already, by an order that came twice or late, is not run again: a real PC looks first, too. */
  run(wanted: WantedScript, bootId: string, at: Instant): number
  observe(profile: Profile): ReadonlyMap<ScriptName, ObservedScript>
  /** The version that succeeded last. */
  succeeded(script: ScriptName): Digest | undefined
  /** What its check would say. */
  passes(wanted: WantedScript): boolean
  /** A new disk knows of nothing. */
  forget(): void
  /** As if each had run well when it was wanted first. */
  settle(profile: Profile, bootId: string, at: Instant): void
}

type Check = NonNullable<ObservedScript['check']>

/** What a check says is one object for all PCs of which it says it. */
const createChecks = (exitCode: number): ((digest: Digest) => Check) => {
  const said = new Map<Digest, Check>()
  return (digest) => {
    const check = said.get(digest) ?? { digest, exitCode, output: '' }
    said.set(digest, check)
    return check
  }
}

const yes = createChecks(0)
const no = createChecks(1)

/** `broken`: versions of scripts that fail wherever they run. */
export const createScripts = (broken: ReadonlySet<Digest>): PcScripts => {
  const known = new Map<ScriptName, ObservedScript>()
  const effects = new CountedSet<ScriptName>()
  const exitCodes = new Map<ScriptName, number>()
  const runs: ScriptRun[] = []
  let seen: { readonly key: string; readonly scripts: ReadonlyMap<ScriptName, ObservedScript> } | undefined
  let changes = 0

  const remember = (wanted: WantedScript, bootId: string, at: Instant, exitCode: number): void => {
    changes += 1
    const lastRun = { digest: wanted.digest, bootId, at, exitCode }
    const succeeded = exitCode === 0 ? lastRun : known.get(wanted.name)?.succeeded
    known.set(wanted.name, succeeded ? { lastRun, succeeded } : { lastRun })
    if (exitCode === 0) effects.add(wanted.name)
  }

  const passes = (wanted: WantedScript): boolean => effects.has(wanted.name) && !broken.has(wanted.digest)

  const isMade = (wanted: WantedScript, bootId: string): boolean => {
    const succeeded = known.get(wanted.name)?.succeeded
    switch (wanted.trigger.kind) {
      case 'once':
        return succeeded !== undefined
      case 'change':
        return succeeded?.digest === wanted.digest
      case 'boot':
        return succeeded?.bootId === bootId
      case 'check':
        return passes(wanted)
    }
  }

  const observeOne = (wanted: WantedScript): ObservedScript => {
    if (wanted.trigger.kind !== 'check') return known.get(wanted.name) ?? {}
    return { ...known.get(wanted.name), check: (passes(wanted) ? yes : no)(wanted.digest) }
  }

  return {
    effects,
    exitCodes,
    runs,
    run: (wanted, bootId, at) => {
      if (isMade(wanted, bootId)) return 0
      const exitCode = broken.has(wanted.digest) ? 1 : (exitCodes.get(wanted.name) ?? 0)
      runs.push({ script: wanted.name, digest: wanted.digest, bootId, exitCode })
      remember(wanted, bootId, at, exitCode)
      return exitCode
    },
    observe: (profile) => {
      const key = `${changes} ${effects.changes} ${broken.size} ${profile.digest}`
      if (seen?.key !== key) {
        const scripts = [...profile.scripts.values()].map((one) => [one.name, observeOne(one)] as const)
        seen = { key, scripts: new Map(scripts) }
      }
      return seen.scripts
    },
    succeeded: (script) => known.get(script)?.succeeded?.digest,
    passes,
    forget: () => {
      changes += 1
      known.clear()
      effects.clear()
      runs.length = 0
    },
    settle: (profile, bootId, at) => {
      for (const wanted of profile.scripts.values()) remember(wanted, bootId, at, 0)
    },
  }
}
