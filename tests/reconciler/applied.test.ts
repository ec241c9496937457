import test from 'ava'
import { createAction } from '../../reconciler/action.ts'
import { afterLook, afterOutcome, type Memory } from '../../reconciler/applied.ts'
import { changeKey, diff, restart } from '../../reconciler/diff.ts'
import type { Change } from '../../reconciler/model/change.ts'
import type { Outcome, StepResult } from '../../reconciler/model/outcome.ts'
import type { Backoff, History } from '../../reconciler/model/plan.ts'
import { callingKey } from '../../reconciler/no-show.ts'
import { say } from '../../specs/text.ts'
import {
  digest,
  facts,
  machine,
  now,
  off,
  park,
  profile,
  targetOf,
  up,
  wantedPackage,
} from './sample-park.ts'

const wanted = machine('hugo/b204-01', profile({ packages: [wantedPackage('vim'), wantedPackage('zsh')] }))
const seen = facts()
const both = diff(wanted, seen, {}).changes
const reason = { code: 'apt-failed', message: say('Apt failed.', 'Apt a échoué.') }

const result = (change: Change, ok: boolean, more: Partial<StepResult> = {}): StepResult => ({
  change,
  ok,
  output: ok ? '' : 'E: no',
  durationMs: 1,
  ...more,
})

const end = (outcome: Outcome, changes: readonly Change[] = both, history?: History): Memory =>
  afterOutcome({
    machine: wanted,
    facts: seen,
    action: createAction(wanted.id, changes, targetOf(park([wanted])), seen.at, { deadline: now + 1 }),
    outcome,
    history,
    now,
    random: () => 0.5,
  })

const backoffFor = (change: Change, more: Partial<Backoff> = {}): Backoff => ({
  key: changeKey(change),
  attempts: 1,
  class: 'retry',
  notBefore: now,
  reason,
  ...more,
})

const remembering = (...backoffs: readonly Backoff[]): History => ({ applied: {}, backoffs })

test('when all differences of a facet were made good, the facet is applied', (t) => {
  const { applied, backoffs } = end({
    kind: 'complete',
    results: both.map((one) => result(one, true)),
    at: now,
  })
  t.is(applied['packages'], digest('packages'))
  t.deepEqual(backoffs, [])
})

test('when the action made only some of them, it is not', (t) => {
  const first = both.slice(0, 1)
  const { applied } = end(
    { kind: 'complete', results: first.map((one) => result(one, true)), at: now },
    first,
  )
  t.is(applied['packages'], undefined)
})

test('success forgets the failures before it', (t) => {
  const history = remembering(...both.map((one) => backoffFor(one)))
  const { clear } = end(
    { kind: 'complete', results: both.map((one) => result(one, true)), at: now },
    both,
    history,
  )
  t.deepEqual(clear, both.map(changeKey))
})

test('each change that failed is remembered with its own reason and the words of the PC', (t) => {
  const [vim, zsh] = both
  if (vim === undefined || zsh === undefined) throw new Error('two changes are expected')
  const results = [result(vim, true), result(zsh, false, { class: 'terminal', reason })]
  const memory = end(
    { kind: 'failed', class: 'retry', reason, results, at: now },
    both,
    remembering(backoffFor(vim)),
  )
  t.like(memory.backoffs, [
    { key: changeKey(zsh), class: 'terminal', reason: { code: 'apt-failed', detail: 'E: no' } },
  ])
  t.is(memory.backoffs.length, 1)
  t.deepEqual(memory.clear, [changeKey(vim)])
  t.is(memory.applied['packages'], undefined)
})

test('an action that was lost before it told anything failed in all its changes', (t) => {
  const memory = end({ kind: 'failed', class: 'wait', reason, results: [], at: now })
  t.deepEqual(
    memory.backoffs.map((one) => [one.key, one.class]),
    both.map((one) => [changeKey(one), 'wait']),
  )
})

test('a change that was not begun because another failed is no failure', (t) => {
  const [vim] = both
  if (vim === undefined) throw new Error('a change is expected')
  const memory = end({ kind: 'failed', class: 'retry', reason, results: [result(vim, false)], at: now })
  t.deepEqual(
    memory.backoffs.map((one) => one.key),
    [changeKey(vim)],
  )
})

test('failures add up over actions', (t) => {
  const history = remembering(...both.map((one) => backoffFor(one, { attempts: 2 })))
  const memory = end({ kind: 'failed', class: 'retry', reason, results: [], at: now }, both, history)
  t.deepEqual(
    memory.backoffs.map((one) => one.attempts),
    [3, 3],
  )
})

test('a PC that was no longer as assumed is looked at again, with a pause', (t) => {
  const memory = end({ kind: 'wrong-precondition', reason, at: now })
  t.deepEqual([...new Set(memory.backoffs.map((one) => one.class))], ['wait'])
  t.true(memory.backoffs.every((one) => one.notBefore > now))
})

test('an action that was refused for a newer target is remembered with why, and pauses for five minutes', (t) => {
  const { applied, backoffs, clear } = end({ kind: 'refused', reason, at: now })
  t.deepEqual([applied, clear], [{}, []])
  t.is(backoffs.length, 2)
  for (const backoff of backoffs) t.like(backoff, { class: 'wait', reason, notBefore: now + 300_000 })
})

test('a PC that asks for a restart after each restart is restarted ever less often, and never stalls', (t) => {
  const outcome: Outcome = { kind: 'complete', results: [result(restart, true)], at: now }
  const first = end(outcome, [restart])
  t.like(first.backoffs, [{ class: 'wait', notBefore: now + 3_600_000 }])
  const second = end(outcome, [restart], remembering(...first.backoffs))
  t.like(second.backoffs, [{ class: 'wait', notBefore: now + 7_200_000 }])
  t.deepEqual(second.clear, [])
})

test('a look at a machine that is as wanted makes its facets applied and forgets its failures', (t) => {
  const history = remembering(...both.map((one) => backoffFor(one)), backoffFor(restart))
  const memory = afterLook(wanted, up(wanted.id, facts({ installed: { vim: '9', zsh: '5' } })), history)
  t.is(memory.applied['packages'], digest('packages'))
  t.deepEqual(memory.clear, [...both.map(changeKey), changeKey(restart)])
})

test('a look forgets only the failures of what no longer differs', (t) => {
  const [vim, zsh] = both
  if (vim === undefined || zsh === undefined) throw new Error('two changes are expected')
  const history = remembering(backoffFor(vim), backoffFor(zsh))
  const memory = afterLook(wanted, up(wanted.id, facts({ installed: { vim: '9' } })), history)
  t.deepEqual(memory.clear, [changeKey(vim)])
  t.is(memory.applied['packages'], undefined)
})

test('what is remembered as applied is not written again', (t) => {
  const history: History = { applied: wanted.profile.facetDigests, backoffs: [] }
  const memory = afterLook(wanted, up(wanted.id, facts({ installed: { vim: '9', zsh: '5' } })), history)
  t.deepEqual(memory.applied, {})
})

test('a machine that is off says nothing about what is applied', (t) => {
  const old = facts({ installed: { vim: '9', zsh: '5' } })
  t.deepEqual(afterLook(wanted, off(wanted.id, old), undefined).applied, {})
})

test('that a PC did not come is remembered of the calling, whatever it was called for, and forgotten once it is there', (t) => {
  const imaging: Change = { ...diskChange, facet: 'disk' }
  const absent = { code: 'imager-not-started', message: say('It did not come.', 'Il n’est pas venu.') }
  const outcome = { kind: 'failed', class: 'wait', reason: absent, results: [], at: now } as const
  const first = end(outcome, [imaging])
  t.like(first, { backoffs: [{ key: 'power/wake', attempts: 1, class: 'wait' }], clear: [] })
  // A failure of the disk from before neither hides it nor is hidden by it.
  const failed = backoffFor(imaging, { attempts: 2 })
  const second = end(outcome, [imaging], remembering(...first.backoffs, failed))
  t.like(second, { backoffs: [{ key: 'power/wake', attempts: 2, class: 'wait' }], clear: [] })
  t.is(second.backoffs.length, 1)

  const history = remembering(...second.backoffs, failed)
  t.false(afterLook(wanted, off(wanted.id, seen), history).clear.includes(callingKey))
  t.true(afterLook(wanted, up(wanted.id, seen), history).clear.includes(callingKey))
  t.true(afterLook(wanted, { ...off(wanted.id, seen), reach: 'imager' }, history).clear.includes(callingKey))
})

const diskChange = {
  item: 'image',
  operation: 'upgrade',
  from: 'a',
  to: 'b',
  image: 'debian@2',
  layout: digest('layout'),
  settings: digest('settings'),
  wipes: [],
  effect: 'destructive',
} as const
