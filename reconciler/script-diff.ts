import type { Profile, WantedScript } from '../specs/desired.ts'
import type { ScriptChange } from './model/change.ts'
import type { ScriptName } from './model/ids.ts'
import type { ObservedScript } from './model/observed.ts'
import { remembered } from './remembered.ts'

export type ScriptDifferences = {
  /** In the spec's order, which is the order of running. Of those in `unasked` it is presumed that they must run. */
  readonly changes: readonly ScriptChange[]
  /** The last look was made before these were wanted, or before they became what they are: nothing may be run before another look. */
  readonly unasked: readonly ScriptName[]
  /**
   * Asked, but their check gave no answer: its interpreter or its user is missing, or it did not end. Not run, and no
   * reason to leave the rest undone, which may be what provides the interpreter.
   */
  readonly unanswered: readonly ScriptName[]
}

type Observed = ReadonlyMap<ScriptName, ObservedScript>

/** Which scripts must run now. `bootId` is the boot that the observation was made in. */
export const diffScripts = ({ scripts }: Profile, observed: Observed, bootId: string): ScriptDifferences =>
  compared(observed, scripts)(bootId)

/** What was observed belongs to one boot, which is asked about again and again. */
const compared = remembered((observed: Observed, scripts: Profile['scripts']) => {
  let last: { readonly bootId: string; readonly found: ScriptDifferences } | undefined
  return (bootId: string) => {
    if (last?.bootId !== bootId) last = { bootId, found: compare(scripts, observed, bootId) }
    return last.found
  }
})

/** One object for all: most machines are as they are to be. */
const none: ScriptDifferences = { changes: [], unasked: [], unanswered: [] }

function compare(scripts: Profile['scripts'], observed: Observed, bootId: string): ScriptDifferences {
  const changes: ScriptChange[] = []
  const unasked: ScriptName[] = []
  const unanswered: ScriptName[] = []
  for (const wanted of scripts.values()) {
    const seen = observed.get(wanted.name)
    if (wanted.trigger.kind === 'check' && seen !== undefined && seen.check === undefined) {
      unanswered.push(wanted.name)
      continue
    }
    const cause = isUnasked(wanted, seen) ? presumedCause(seen) : causeToRun(wanted, seen ?? {}, bootId)
    if (cause === undefined) continue
    if (isUnasked(wanted, seen)) unasked.push(wanted.name)
    changes.push({
      facet: 'scripts',
      item: wanted.name,
      cause,
      from: seen?.succeeded?.digest ?? null,
      to: wanted.digest,
      effect: wanted.effect,
    })
  }
  return changes.length + unanswered.length === 0 ? none : { changes, unasked, unanswered }
}

/** The answer of another version of a check says nothing about this one. */
const isUnasked = (wanted: WantedScript, seen: ObservedScript | undefined): boolean =>
  seen === undefined || (wanted.trigger.kind === 'check' && seen.check?.digest !== wanted.digest)

const presumedCause = (seen: ObservedScript | undefined): ScriptChange['cause'] =>
  seen?.lastRun === undefined ? 'never-run' : 'changed'

function causeToRun(
  wanted: WantedScript,
  { lastRun, succeeded, check }: ObservedScript,
  bootId: string,
): ScriptChange['cause'] | undefined {
  switch (wanted.trigger.kind) {
    case 'check':
      return check?.exitCode === 0 ? undefined : 'check-failed'
    case 'change':
      if (succeeded?.digest === wanted.digest) return undefined
      if (lastRun === undefined) return 'never-run'
      return lastRun.digest === wanted.digest ? 'failed-before' : 'changed'
    case 'boot':
      if (succeeded?.bootId === bootId) return undefined
      if (lastRun === undefined) return 'never-run'
      return lastRun.bootId === bootId ? 'failed-before' : 'new-boot'
    case 'once':
      if (succeeded !== undefined) return undefined
      return lastRun === undefined ? 'never-run' : 'failed-before'
  }
}
