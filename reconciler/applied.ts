/** What is remembered of a machine after an action has ended, and after a look at it. */
import type { DesiredMachine } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import { afterDiskLook, diskMemory, isOfDisk } from './applied-disk.ts'
import { type Failure, nextBackoff } from './backoff.ts'
import { changeKey, comparedFacets, diffFacet, facetsInPlace, isCertain } from './diff.ts'
import type { Change } from './model/change.ts'
import type { ChangeKey, Digest, Instant } from './model/ids.ts'
import type { Facts, Observed } from './model/observed.ts'
import type { Outcome } from './model/outcome.ts'
import type { Action, Backoff, FailureClass, History } from './model/plan.ts'
import type { Reason } from './model/reason.ts'
import { callingKey, isNoShow } from './no-show.ts'

export type Memory = {
  /** The digests of the facets that are now as wanted; the others stay as they were. */
  readonly applied: Readonly<Record<string, Digest>>
  /** New, each in the place of the one with its key. */
  readonly backoffs: readonly Backoff[]
  /** Keys to be forgotten. */
  readonly clear: readonly ChangeKey[]
}

export type Ended = {
  /** As wanted by the target that the action was made for. */
  readonly machine: DesiredMachine
  /** What the action was decided from. */
  readonly facts: Facts | undefined
  readonly action: Action
  readonly outcome: Outcome
  readonly history: History | undefined
  readonly now: Instant
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/** A PC that obeys a newer target than the store's will go on doing so: somebody else must move ours first. */
const refusedPauseMs = 300_000

/** Of an action that ended: each change that succeeded is forgotten, each that failed waits for its next turn. */
export function afterOutcome(ended: Ended): Memory {
  const { action, outcome, history, now } = ended
  const previous = new Map(history?.backoffs.map((one) => [one.key, one]))
  const remember = (failure: Failure): Backoff =>
    nextBackoff(previous.get(failure.key), failure, ended.machine.profile.retry, now, ended.random)

  switch (outcome.kind) {
    case 'refused':
      return {
        applied: {},
        backoffs: action.changes.map((change) => ({
          ...remember({ key: changeKey(change), class: 'wait', reason: outcome.reason }),
          notBefore: now + refusedPauseMs,
        })),
        clear: [],
      }
    case 'wrong-precondition':
      // It is looked at again first; should that not help either, it must not be asked without a pause.
      return {
        applied: {},
        backoffs: action.changes.map((change) =>
          remember({ key: changeKey(change), class: 'wait', reason: outcome.reason }),
        ),
        clear: [],
      }
    case 'complete':
    case 'failed': {
      const done = new Set<ChangeKey>()
      const backoffs: Backoff[] = []
      for (const { change, ok } of outcome.results) if (ok) done.add(changeKey(change))
      for (const failure of failures(action, outcome)) backoffs.push(remember(failure))
      for (const change of action.changes) {
        if (done.has(changeKey(change)) && isRestart(change)) {
          backoffs.push(restartSpacing(previous.get(changeKey(change)), now))
        }
      }
      const kept = new Set(backoffs.map((one) => one.key))
      const disk = diskMemory(ended, done)
      const over = (key: ChangeKey): boolean => done.has(key) || disk?.isOver(key) === true
      return {
        applied: disk?.applied ?? appliedBy(ended, done),
        backoffs,
        clear: [...previous.keys()].filter((key) => over(key) && !kept.has(key)),
      }
    }
  }
}

/**
 * Of a look: what is found to be in place counts as applied, and failures are forgotten whose change is wanted no longer, or
 * is no longer needed because somebody put it right. An observation without fresh facts says nothing.
 */
export function afterLook(machine: DesiredMachine, observed: Observed, history: History | undefined): Memory {
  const ofDisk = afterDiskLook(machine, observed.disk, history)
  const { facts, reach } = observed
  const hasCome = (reach === 'up' || reach === 'imager') && isCalled(history)
  const disk = hasCome ? { ...ofDisk, clear: [...ofDisk.clear, callingKey] } : ofDisk
  if (reach !== 'up' || facts === undefined) return disk
  // On a disk that was written anew nothing counts as applied that was not found there since.
  const known = { applied: { ...history?.applied, ...disk.applied } }
  const applied = { ...disk.applied, ...digestsOf(machine, facetsInPlace(machine, facts), known) }
  const cleared = new Set(disk.clear)
  const backoffs = (history?.backoffs ?? []).filter(({ key }) => !cleared.has(key) && !isOfDisk(key))
  if (backoffs.length === 0) return { ...disk, applied }
  const wanted = new Set<ChangeKey>()
  for (const facet of comparedFacets) {
    const found = diffFacet(machine, facts, facet)
    // What could not be read may still differ: better to remember too long than to try again too soon.
    if (found === undefined || found.unanswered.length > 0) return { ...disk, applied }
    for (const change of found.changes) wanted.add(changeKey(change))
  }
  if (facts.rebootPending) wanted.add('power/reboot' as ChangeKey)
  const clear = backoffs.map((one) => one.key).filter((key) => !wanted.has(key))
  return { applied, backoffs: [], clear: [...disk.clear, ...clear] }
}

const isCalled = (history: History | undefined): boolean =>
  history?.backoffs.some(({ key }) => key === callingKey) === true

/** What keeps a PC from coming is not a matter of what it was called for: it is remembered of the calling. */
function failures(
  action: Action,
  outcome: Ended['outcome'] & { kind: 'complete' | 'failed' },
): readonly Failure[] {
  const all = failuresOf(action, outcome)
  const absence = all.find(({ reason }) => isNoShow(reason))
  return absence === undefined
    ? all
    : [...all.filter(({ reason }) => !isNoShow(reason)), { ...absence, key: callingKey }]
}

function failuresOf(
  action: Action,
  outcome: Extract<Outcome, { kind: 'complete' | 'failed' }>,
): readonly Failure[] {
  const overall =
    outcome.kind === 'failed'
      ? { class: outcome.class, reason: outcome.reason }
      : { class: 'retry' as FailureClass, reason: noReason }
  // Lost before anything was told: all of it failed. Else what has no result was not begun, and is simply wanted again.
  if (outcome.results.length === 0) {
    return outcome.kind === 'complete'
      ? []
      : action.changes.map((change) => ({ key: changeKey(change), ...overall }))
  }
  return outcome.results
    .filter((result) => !result.ok)
    .map((result) => ({
      key: changeKey(result.change),
      class: result.class ?? overall.class,
      reason: withOutput(result.reason ?? overall.reason, result.output),
    }))
}

/** A facet is applied if each of the differences that it had was made good by this action. */
function appliedBy({ machine, facts, history }: Ended, done: ReadonlySet<ChangeKey>): Memory['applied'] {
  if (facts === undefined || done.size === 0) return {}
  const facets = comparedFacets.filter((facet) => {
    const found = diffFacet(machine, facts, facet)
    return (
      found !== undefined && isCertain(found) && found.changes.every((change) => done.has(changeKey(change)))
    )
  })
  return digestsOf(machine, facets, history)
}

/** Only those that are not remembered already. */
function digestsOf(
  machine: DesiredMachine,
  facets: readonly (typeof comparedFacets)[number][],
  history: Pick<History, 'applied'> | undefined,
): Memory['applied'] {
  const digests: Record<string, Digest> = {}
  for (const facet of facets) {
    const digest = machine.profile.facetDigests[facet]
    if (digest !== undefined && history?.applied[facet] !== digest) digests[facet] = digest
  }
  return digests
}

const isRestart = (change: Change): boolean => change.facet === 'power' && change.item === 'reboot'

const hourMs = 3600_000

/**
 * A PC that asks for a restart right after one would be restarted for ever: the next comes after an hour, then after two, up
 * to a day. Forgotten with the first look at which it asks for none.
 */
function restartSpacing(previous: Backoff | undefined, now: Instant): Backoff {
  const attempts = (previous?.attempts ?? 0) + 1
  const delayMs = Math.min(24 * hourMs, hourMs * 2 ** Math.min(attempts - 1, 10))
  return {
    key: 'power/reboot' as ChangeKey,
    attempts,
    class: 'wait',
    notBefore: now + delayMs,
    reason: restarted,
  }
}

const withOutput = (reason: Reason, output: string): Reason =>
  reason.detail !== undefined || output === '' ? reason : { ...reason, detail: output }

const restarted: Reason = {
  code: 'restarted-already',
  message: say(
    'The machine was restarted a short while ago and asks for it again.',
    'Le poste a été redémarré il y a peu et le demande à nouveau.',
  ),
}

const noReason: Reason = {
  code: 'step-failed',
  message: say(
    'A step failed without saying why: read its output.',
    'Une étape a échoué sans donner de raison\u00a0: consultez sa sortie.',
  ),
}
