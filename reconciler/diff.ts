/**
 * What differs between a machine as it was read and as it must be. Level-triggered: computed from the two alone, every time.
 */
import type { DesiredMachine, Facet } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import { diffIdentity } from './identity-diff.ts'
import type { Change, DiskChange, PowerChange } from './model/change.ts'
import type { ChangeKey, Digest, ScriptName } from './model/ids.ts'
import type { Facts } from './model/observed.ts'
import type { Reason } from './model/reason.ts'
import { diffPackages } from './package-diff.ts'
import { diffScripts } from './script-diff.ts'

/** The facets that this version observes and applies; each has its driver among the providers. */
export type ComparedFacet = Extract<Facet, 'packages' | 'scripts' | 'identity'>

/** In the order in which they are applied. */
export const comparedFacets: readonly ComparedFacet[] = ['identity', 'packages', 'scripts']

export type Difference = {
  /** To be made good, in the order in which they are applied: identity, packages, scripts, restart. */
  readonly changes: readonly Change[]
  /** Only told, by drift policy. */
  readonly reported: readonly Change[]
  /** Managed, but the last look could not read them. */
  readonly unread: readonly ComparedFacet[]
  /** Scripts that the last look did not ask about: it was made for another revision. */
  readonly unasked: readonly ScriptName[]
  /** Scripts whose check was asked and gave no answer; the reason stands among the observation's errors. */
  readonly unanswered: readonly ScriptName[]
  /** Wanted, and out of reach for any action: only a commit helps. */
  readonly impossible: readonly Reason[]
}

export const restart: PowerChange = {
  facet: 'power',
  item: 'reboot',
  from: 'up',
  to: 'rebooted',
  effect: 'disruptive',
}

/** `applied`: the facet digests that were last in place; a difference from one of them is drift, from any other a new wish. */
export function diff(
  machine: DesiredMachine,
  facts: Facts,
  applied: Readonly<Record<string, Digest>>,
): Difference {
  const changes: Change[] = []
  const reported: Change[] = []
  const unread: ComparedFacet[] = []
  let unasked: readonly ScriptName[] = []
  let unanswered: readonly ScriptName[] = []
  let impossible: readonly Reason[] = []

  for (const facet of comparedFacets) {
    if (!isManaged(machine, facet)) continue
    const found = diffFacet(machine, facts, facet)
    if (found === undefined) {
      unread.push(facet)
      continue
    }
    const drifted = machine.profile.drift[facet] === 'report' && isApplied(machine, facet, applied)
    for (const change of found.changes) (drifted && !isRoutine(change) ? reported : changes).push(change)
    if (found.unasked.length > 0) unasked = found.unasked
    if (found.unanswered.length > 0) unanswered = found.unanswered
    if (found.impossible.length > 0 && !drifted) impossible = found.impossible
  }

  if (facts.rebootPending) (machine.profile.power.reboot === 'never' ? reported : changes).push(restart)
  return { changes, reported, unread, unasked, unanswered, impossible }
}

/** The facets without any difference, whatever the drift policy: their digests are what is in place now. */
export function facetsInPlace(machine: DesiredMachine, facts: Facts): readonly ComparedFacet[] {
  return comparedFacets.filter((facet) => {
    const found = diffFacet(machine, facts, facet)
    return found !== undefined && isCertain(found) && found.changes.every(isRoutine)
  })
}

type FacetDifference = Pick<Difference, 'changes' | 'unasked' | 'unanswered' | 'impossible'>

/** Whether the changes are all that differs. */
export const isCertain = (found: FacetDifference): boolean =>
  found.unasked.length === 0 && found.unanswered.length === 0 && found.impossible.length === 0

/** One facet's differences before any policy; undefined if it could not be read. */
export function diffFacet(
  machine: DesiredMachine,
  facts: Facts,
  facet: ComparedFacet,
): FacetDifference | undefined {
  switch (facet) {
    case 'identity':
      if (facts.identity === undefined) return undefined
      return { changes: diffIdentity(machine, facts.identity), unasked: [], unanswered: [], impossible: [] }
    case 'packages': {
      if (facts.packages === undefined) return undefined
      const { changes, withoutSource } = diffPackages(machine.profile, facts.packages)
      const impossible = withoutSource.map((wanted) => packageNotOnOs(wanted.name, machine.profile.os))
      return { changes, unasked: [], unanswered: [], impossible }
    }
    case 'scripts': {
      if (facts.scripts === undefined) return undefined
      return { ...diffScripts(machine.profile, facts.scripts, facts.bootId), impossible: [] }
    }
  }
}

/**
 * Names a wanted difference across plans: the same key as long as the same thing is wanted, another after a commit that
 * changes it, so that failures are counted where they belong.
 */
export function changeKey(change: Change): ChangeKey {
  switch (change.facet) {
    case 'disk':
      return `disk/${diskKey(change)}` as ChangeKey
    case 'reset':
      return `reset/reset${change.request === undefined ? `=${change.night}` : `@${change.request}`}` as ChangeKey
    case 'packages': {
      const mark = change.hold === undefined ? '' : change.hold ? '+hold' : '+unhold'
      const wanted =
        change.operation === 'hold' || change.operation === 'unhold' ? 'mark' : (change.to ?? 'absent')
      return `packages/${change.item}@${change.source}=${wanted}${mark}` as ChangeKey
    }
    case 'scripts':
      return `scripts/${change.item}=${change.to}` as ChangeKey
    case 'identity':
      return `identity/${change.item}=${typeof change.to === 'string' ? change.to : change.to.join('\n')}` as ChangeKey
    case 'power':
      return `power/${change.item}` as ChangeKey
  }
}

/** Restore, upgrade and repair want the same thing: this disk equal to that image. */
function diskKey(change: DiskChange): string {
  switch (change.operation) {
    case 'restore':
    case 'upgrade':
    case 'repair':
      return `image=${change.to}+${change.layout}`
    case 'settings':
      return `settings=${change.settings}`
    case 'verify':
    case 'capture':
      return `${change.operation}@${change.request ?? change.to}`
  }
}

function isManaged(machine: DesiredMachine, facet: ComparedFacet): boolean {
  const { profile } = machine
  if (profile.drift[facet] === 'ignore') return false
  switch (facet) {
    case 'identity':
      return profile.identity.hostname || profile.identity.authorizedKeys !== undefined
    case 'packages':
      return profile.packages.size > 0
    case 'scripts':
      return profile.scripts.size > 0
  }
}

function isApplied(
  machine: DesiredMachine,
  facet: ComparedFacet,
  applied: Readonly<Record<string, Digest>>,
): boolean {
  const wanted = machine.profile.facetDigests[facet]
  return wanted !== undefined && applied[facet] === wanted
}

/** A script for each boot that has a new boot to run in is doing its work: nothing drifted. */
const isRoutine = (change: Change): boolean => change.facet === 'scripts' && change.cause === 'new-boot'

const packageNotOnOs = (name: string, os: string): Reason => ({
  code: 'package-not-on-os',
  message: say(
    `The package ${name} has no source for ${os}: give it one in its spec, or do not ask for it on these PCs.`,
    `Le paquet ${name} n’a pas de source pour ${os}\u00a0: indiquez-en une dans sa spécification, ou ne le demandez pas sur ces postes.`,
  ),
})
