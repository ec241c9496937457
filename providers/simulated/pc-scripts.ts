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

/** As if it had run before anybody can remember: one object for all PCs on which it had. */
const ranBefore = (digest: Digest, at: Instant): ObservedScript => {
  const lastRun = { digest, bootId: 'before', at, exitCode: 0 }
  const known = before.get(`${digest} ${at}`) ?? { lastRun, succeeded: lastRun }
  before.set(`${digest} ${at}`, known)
  return known
}
const before = new Map<string, ObservedScript>()

export class PcScripts {
  /** Scripts whose effect is in place: what a check looks for. A hand that undoes one removes it. */
  readonly effects = new CountedSet<ScriptName>()
  /** Each run of a script since the disk was last written, in order; of a script for each boot the last two. */
  readonly runs: ScriptRun[] = []
  /** Versions of scripts that fail wherever they run. */
  readonly #broken: ReadonlySet<Digest>
  readonly #known = new Map<ScriptName, ObservedScript>()
  #exitCodes: Map<ScriptName, number> | undefined
  #seen: { readonly key: string; readonly scripts: ReadonlyMap<ScriptName, ObservedScript> } | undefined
  #changes = 0

  constructor(broken: ReadonlySet<Digest>) {
    this.#broken = broken
  }

  /** Exit code of a script's next runs; 0 unless set. */
  get exitCodes(): Map<ScriptName, number> {
    this.#exitCodes ??= new Map()
    return this.#exitCodes
  }

  /** Its exit code. What is made already, by an order that came twice or late, is not run again: a real PC looks first, too. */
  run(wanted: WantedScript, bootId: string, at: Instant): number {
    if (this.#isMade(wanted, bootId)) return 0
    const exitCode = this.#broken.has(wanted.digest) ? 1 : (this.#exitCodes?.get(wanted.name) ?? 0)
    if (wanted.trigger.kind === 'boot') this.#forgetRuns(wanted.name)
    this.runs.push({ script: wanted.name, digest: wanted.digest, bootId, exitCode })
    const lastRun = { digest: wanted.digest, bootId, at, exitCode }
    const succeeded = exitCode === 0 ? lastRun : this.#known.get(wanted.name)?.succeeded
    this.#remember(wanted.name, succeeded ? { lastRun, succeeded } : { lastRun })
    return exitCode
  }

  observe(profile: Profile): ReadonlyMap<ScriptName, ObservedScript> {
    const key = `${this.#changes} ${this.effects.changes} ${this.#broken.size} ${profile.digest}`
    if (this.#seen?.key !== key) {
      const scripts = [...profile.scripts.values()].map((one) => [one.name, this.#observeOne(one)] as const)
      this.#seen = { key, scripts: new Map(scripts) }
    }
    return this.#seen.scripts
  }

  /** The version that succeeded last. */
  succeeded(script: ScriptName): Digest | undefined {
    return this.#known.get(script)?.succeeded?.digest
  }

  /** What its check would say. */
  passes(wanted: WantedScript): boolean {
    return this.effects.has(wanted.name) && !this.#broken.has(wanted.digest)
  }

  /** A new disk knows of nothing. */
  forget(): void {
    this.#changes += 1
    this.#known.clear()
    this.effects.clear()
    this.runs.length = 0
  }

  /** As if each had run well when it was wanted first; `bootId` undefined: before this boot. */
  settle(profile: Profile, bootId: string | undefined, at: Instant): void {
    for (const { name, digest } of profile.scripts.values()) {
      const lastRun = bootId === undefined ? undefined : { digest, bootId, at, exitCode: 0 }
      this.#remember(name, lastRun ? { lastRun, succeeded: lastRun } : ranBefore(digest, at))
    }
  }

  #remember(script: ScriptName, known: ObservedScript): void {
    this.#changes += 1
    this.#known.set(script, known)
    if (known.lastRun?.exitCode === 0) this.effects.add(script)
  }

  /** All but the last of this script. */
  #forgetRuns(script: ScriptName): void {
    const last = this.runs.findLastIndex((run) => run.script === script)
    const older = this.runs.findIndex((run) => run.script === script)
    if (older < last) this.runs.splice(older, 1)
  }

  #isMade(wanted: WantedScript, bootId: string): boolean {
    const succeeded = this.#known.get(wanted.name)?.succeeded
    switch (wanted.trigger.kind) {
      case 'once':
        return succeeded !== undefined
      case 'change':
        return succeeded?.digest === wanted.digest
      case 'boot':
        return succeeded?.bootId === bootId
      case 'check':
        return this.passes(wanted)
    }
  }

  #observeOne(wanted: WantedScript): ObservedScript {
    const known = this.#known.get(wanted.name)
    if (wanted.trigger.kind !== 'check') return known ?? {}
    return { ...known, check: (this.passes(wanted) ? yes : no)(wanted.digest) }
  }
}
