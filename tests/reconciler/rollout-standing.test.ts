/** How far one machine is: worked out from what was decided, seen and tried, each time anew. */
import test from 'ava'
import type { ActionId, MachineId } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { Decision } from '../../reconciler/model/plan.ts'
import type { Attempt, MachineStanding } from '../../reconciler/model/rollout.ts'
import {
  addTry,
  isOlder,
  type StandingQuestion,
  standingOf,
  type Tried,
} from '../../reconciler/rollout-standing.ts'
import { facts, imager, machineId, now, observedDisk, off, up, wantedDisk } from './sample-park.ts'
import { hour, minute, reason } from './sample-rollout.ts'

const pc = 'victor-hugo/b204-01'
const opened = { machines: 3, openedAt: now - hour }

const converged: Decision = { kind: 'converged', reported: [] }
const stalled: Decision = { kind: 'stalled', reason, changes: [] }
const unknown: Decision = { kind: 'unknown', reason }
const held = (by: Extract<Decision, { kind: 'held' }>['by']): Decision => ({
  kind: 'held',
  by,
  reason,
  changes: [],
})

const seen = (minutesAgo: number, more: Parameters<typeof facts>[0] = {}): Observed =>
  up(pc, facts({ at: now - minutesAgo * minute, ...more }))

/** Read so long ago, and for this reason not any more. */
const shut = (minutesAgo: number, code = 'ssh-refused'): Observed => ({
  ...seen(minutesAgo),
  reach: 'silent',
  errors: [{ ...reason, code }],
})

const closed = (minutesAgo: number): Pick<Observed, 'facts'> => ({
  facts: facts({ at: now - minutesAgo * minute, loginsClosed: true }),
})

const silent: Observed = { ...off(pc), reach: 'silent' }

/** One try that began twenty minutes ago and took ten. */
const attempt = (more: Partial<Attempt> = {}): Attempt => ({
  tries: 1,
  failures: 0,
  firstAt: now - 20 * minute,
  lastAt: now - 20 * minute,
  endedAt: now - 10 * minute,
  result: 'complete',
  ...more,
})

const running: Attempt = { tries: 1, failures: 0, firstAt: now - minute, lastAt: now - minute }
const failed = (code = 'package-failed', failures = 1): Attempt =>
  attempt({ failures, result: 'retry', code })

const later = (minutes: number): Partial<StandingQuestion> => ({ now: now + minutes * minute })

type Row = readonly [what: string, Partial<StandingQuestion>, MachineStanding]

const untried: readonly Row[] = [
  ['its wave is not open', { wave: { machines: 3 } }, 'waiting'],
  [
    'its wave is not open, and it is as wanted by chance',
    { wave: { machines: 3 }, decision: converged },
    'waiting',
  ],
  ['there is no such wave', { wave: undefined }, 'waiting'],
  ['nothing is known of it yet', {}, 'pending'],
  ['it is about to be begun', { decision: { kind: 'held', by: 'window', reason, changes: [] } }, 'pending'],
  ['somebody works there', { decision: held('occupied'), observed: seen(1) }, 'pending'],
  ['it is off', { decision: held('power'), observed: silent }, 'pending'],
  ['it is off, and nobody may wake it', { decision: held('power'), observed: off(pc) }, 'deferred'],
  ['it is on, and waits for power all the same', { decision: held('power'), observed: seen(1) }, 'pending'],
  ['nobody knows how it is', { decision: unknown, observed: silent }, 'pending'],
  ['it is as wanted, and nobody did anything', { decision: converged, observed: seen(1) }, 'unneeded'],
  ['no action can make it as wanted', { decision: stalled, observed: seen(1) }, 'failed'],
  [
    'it does not answer, and what was decided says nothing of it',
    { decision: stalled, observed: silent },
    'pending',
  ],
  ['nothing was done on it until the deadline', { deadlineMs: hour }, 'deferred'],
  ['nothing was done on it, a moment before the deadline', { deadlineMs: hour + 1 }, 'pending'],
  ['it is as wanted by the deadline', { deadlineMs: hour, decision: converged }, 'unneeded'],
]

const tried: readonly Row[] = [
  ['it is worked on', { attempt: running }, 'attempted'],
  [
    'it is worked on, though it looked well before',
    { attempt: running, decision: converged, observed: seen(2) },
    'attempted',
  ],
  ['it is worked on, and the deadline is over', { attempt: running, deadlineMs: 1 }, 'attempted'],
  [
    'it is done, and was not looked at since',
    { attempt: attempt(), decision: converged, observed: seen(15) },
    'attempted',
  ],
  [
    'it is done, and was looked at in that very moment',
    { attempt: attempt(), decision: converged, observed: seen(10) },
    'attempted',
  ],
  [
    'it is done, and was seen as wanted since',
    { attempt: attempt(), decision: converged, observed: seen(1) },
    'succeeded',
  ],
  [
    'it is done, and lets nobody log in',
    { attempt: attempt(), decision: converged, observed: seen(1, { loginsClosed: true }) },
    'attempted',
  ],
  [
    'it has let nobody log in for too long',
    { attempt: attempt(), decision: converged, observed: seen(1, { loginsClosed: true }), ...later(20) },
    'failed',
  ],
  [
    'it is done, and was not seen for too long',
    { attempt: attempt(), observed: silent, ...later(20) },
    'failed',
  ],
  [
    'it is done, and was not seen for just less',
    { attempt: attempt(), observed: silent, now: now + 20 * minute - 1 },
    'attempted',
  ],
  [
    'it was not seen for a month and is well now',
    { attempt: attempt(), decision: converged, observed: seen(-50), ...later(60) },
    'succeeded',
  ],
  [
    'the connection broke, the action went on as it was read, and it is off since',
    {
      attempt: attempt({ result: 'wait', code: 'connection-lost' }),
      decision: converged,
      observed: { ...seen(9, { running: 'a1' as ActionId }), reach: 'off' },
    },
    'attempted',
  ],
  [
    'more is to be done on it',
    { attempt: attempt(), decision: held('window'), observed: seen(1), ...later(60) },
    'attempted',
  ],
  [
    'it was seen, and nobody can tell how it is',
    { attempt: attempt(), decision: unknown, observed: seen(1), ...later(60) },
    'failed',
  ],
  [
    'it was read since, and the last look found no connection',
    { attempt: attempt(), decision: unknown, observed: { ...seen(1), reach: 'silent' }, ...later(60) },
    'attempted',
  ],
  [
    'it was read since, and another PC answers at its address now',
    { attempt: attempt(), decision: stalled, observed: { ...seen(1), reach: 'silent' }, ...later(60) },
    'attempted',
  ],
  [
    'it was read since, the connection is broken, and the deadline is over',
    {
      attempt: attempt(),
      decision: unknown,
      observed: shut(1, 'connection-lost'),
      deadlineMs: hour,
      ...later(60),
    },
    'deferred',
  ],
  [
    'it was read since, DNS knows nobody, and the deadline is over',
    {
      attempt: attempt(),
      decision: unknown,
      observed: shut(1, 'dns-unavailable'),
      deadlineMs: hour,
      ...later(60),
    },
    'deferred',
  ],
  [
    'it was read since, another PC answers at its address, and the deadline is over',
    {
      attempt: attempt(),
      decision: stalled,
      observed: shut(1, 'host-key-changed'),
      deadlineMs: hour,
      ...later(60),
    },
    'deferred',
  ],
  [
    'it was read right after, and lets nobody in since',
    { attempt: attempt(), decision: unknown, observed: shut(1), ...later(60) },
    'attempted',
  ],
  [
    'it was read right after, and lets nobody in by the deadline',
    { attempt: attempt(), decision: unknown, observed: shut(1), deadlineMs: hour, ...later(60) },
    'failed',
  ],
  [
    'the deadline is over, and it has let nobody in for less than it is given to be seen well',
    { attempt: attempt(), decision: unknown, observed: shut(1), deadlineMs: hour, ...later(28) },
    'attempted',
  ],
  [
    'it was read for as long as its action is watched, and lets nobody in now',
    { attempt: attempt(), decision: unknown, observed: shut(-20), deadlineMs: hour, ...later(60) },
    'deferred',
  ],
  [
    'it let nobody log in when it was read, and cannot be read since',
    { attempt: attempt(), decision: unknown, observed: { ...shut(1), ...closed(1) }, ...later(60) },
    'failed',
  ],
  [
    'it was as wanted, and its cable was pulled',
    { attempt: attempt(), decision: converged, observed: { ...seen(1), reach: 'off' }, ...later(60) },
    'succeeded',
  ],
  [
    'more is to be done on it, and it is off',
    { attempt: attempt(), decision: held('power'), observed: { ...seen(1), reach: 'off' }, ...later(60) },
    'attempted',
  ],
  [
    'more is to be done on it, and it is off when the deadline is over',
    {
      attempt: attempt(),
      decision: held('power'),
      observed: { ...seen(1), reach: 'off' },
      deadlineMs: hour,
      ...later(60),
    },
    'deferred',
  ],
  [
    'more is to be done on it, it is on, and the deadline is over',
    { attempt: attempt(), decision: held('window'), observed: seen(1), deadlineMs: hour, ...later(60) },
    'deferred',
  ],
  [
    'more is to be done on it, the deadline is over, and its last try has just ended',
    { attempt: attempt(), decision: held('window'), observed: seen(1), deadlineMs: hour, ...later(19) },
    'attempted',
  ],
  [
    'each of many tries brought another, and the deadline is over',
    {
      attempt: attempt({ tries: 7 }),
      decision: held('window'),
      observed: seen(1),
      deadlineMs: hour,
      ...later(60),
    },
    'failed',
  ],
  [
    'its try failed, and it is gone when the deadline is over',
    {
      attempt: failed(),
      decision: unknown,
      observed: shut(1, 'connection-lost'),
      deadlineMs: hour,
      ...later(60),
    },
    'failed',
  ],
  [
    'what was done did not help, and nothing more can',
    { attempt: attempt(), decision: stalled, observed: seen(1) },
    'failed',
  ],
  ['its try failed', { attempt: failed() }, 'failed'],
  [
    'its try failed, and it is tried again',
    { attempt: { ...running, tries: 2, failures: 1, code: 'package-failed' } },
    'failed',
  ],
  [
    'its try failed, and it was seen as wanted since',
    { attempt: failed(), decision: converged, observed: seen(1) },
    'succeeded',
  ],
  [
    'its try failed, and it looked well before that',
    { attempt: failed(), decision: converged, observed: seen(15) },
    'failed',
  ],
  ['it was switched off in mid-action', { attempt: failed('interrupted') }, 'attempted'],
  [
    'it was switched off in mid-action and not seen again',
    { attempt: failed('interrupted'), ...later(20) },
    'failed',
  ],
  ['it was switched off in mid-action twice', { attempt: failed('interrupted', 2) }, 'failed'],
]

for (const [what, question, standing] of [...untried, ...tried]) {
  test(`${standing}: ${what}`, (t) => {
    const asked: StandingQuestion = {
      wave: opened,
      decision: undefined,
      observed: undefined,
      attempt: undefined,
      deadlineMs: 3 * 24 * hour,
      healthMs: 30 * minute,
      now,
      ...question,
    }
    t.is(standingOf(asked), standing)
  })
}

test('a PC in whose system nobody reads is seen by what it says of its disk', (t) => {
  const record = (minutesAgo: number, by: 'system' | 'imager'): Observed => ({
    ...off(pc),
    reach: 'up',
    disk: observedDisk(wantedDisk(), now, { at: now - minutesAgo * minute, by }),
  })
  const standing = (observed: Observed): MachineStanding =>
    standingOf({
      wave: opened,
      decision: converged,
      observed,
      attempt: attempt(),
      deadlineMs: hour,
      healthMs: 30 * minute,
      now,
    })
  t.is(standing(record(1, 'system')), 'succeeded')
  t.is(standing(record(15, 'system')), 'attempted', 'from before the action')
  t.is(standing(record(1, 'imager')), 'attempted', 'it is in the imager: that its system starts was not seen')
  t.is(standing(imager(pc, observedDisk(wantedDisk(), now, { by: 'imager' }))), 'attempted')
})

const id: MachineId = machineId(pc)

/** Rows as the store gives them, folded in turn. */
function after(...rows: readonly Omit<Tried, 'machine' | 'fence'>[]): Attempt | undefined {
  const attempts = new Map<MachineId, Attempt>()
  for (const row of rows) addTry(attempts, { machine: id, fence: { epoch: 1, generation: 1 }, ...row })
  return attempts.get(id)
}

const claim = (since: number) => ({ since })
const end = (since: number, result = 'complete', code?: string) => ({
  since,
  endedAt: since + 5,
  result,
  ...(code === undefined ? {} : { code }),
})

test('a try that is under way, and then ends, is one', (t) => {
  t.deepEqual(after(claim(10)), { tries: 1, failures: 0, firstAt: 10, lastAt: 10 })
  const ended = { tries: 1, failures: 0, firstAt: 10, lastAt: 10, endedAt: 15, result: 'complete' }
  t.deepEqual(after(claim(10), end(10)), ended)
  t.deepEqual(after(end(10)), ended, 'the beginning need not have been read')
})

test('failures count until something succeeds', (t) => {
  t.like(after(end(10, 'retry', 'a')), { tries: 1, failures: 1, result: 'retry', code: 'a' })
  t.like(after(end(10, 'retry', 'a'), end(20, 'terminal', 'b')), { tries: 2, failures: 2, code: 'b' })
  t.deepEqual(after(end(10, 'retry', 'a'), claim(20)), { tries: 2, failures: 1, firstAt: 10, lastAt: 20 })
  const mended = after(end(10, 'retry', 'a'), end(20))
  t.like(mended, { tries: 2, failures: 0, result: 'complete' })
  t.is(mended?.code, undefined)
  t.like(after(end(10, 'retry', 'a'), end(20), end(30, 'retry', 'c')), { tries: 3, failures: 1 })
})

test('waiting is no failure, but that a PC does not come back is', (t) => {
  t.like(after(end(10, 'wait', 'reboot-pending')), { tries: 1, failures: 0 })
  for (const code of ['did-not-restart', 'restart-failed', 'system-not-started'])
    t.like(after(end(10, 'wait', code)), { tries: 1, failures: 1 }, code)
})

const traceless: readonly (readonly [string, string, string?])[] = [
  ['it was off', 'wait', 'off'],
  ['another action ran', 'wait', 'action-running'],
  ['it was not as planned any more', 'wrong-precondition', 'occupied'],
  ['the PC had a newer target already', 'refused', 'fence-older'],
]

for (const [what, result, code] of traceless) {
  test(`a try that never reached the PC was none: ${what}`, (t) => {
    t.is(after(claim(10), end(10, result, code)), undefined)
    t.is(after(end(10, result, code)), undefined)
    const before = end(1, 'retry', 'package-failed')
    t.like(after(before, claim(10), end(10, result, code)), { tries: 1, failures: 1, firstAt: 1 })
    t.deepEqual(after(before, end(10, result, code)), after(before), 'nor does it hide what failed before')
  })
}

test('a failure of a try is one of a kind that reached the PC, though its code is that of a wait', (t) => {
  t.like(after(end(10, 'retry', 'off')), { tries: 1, failures: 1 })
})

test('fences are compared by epoch, then by generation', (t) => {
  const at = (epoch: number, generation: number) => ({ epoch, generation })
  t.true(isOlder(at(1, 9), at(2, 1)))
  t.true(isOlder(at(1, 1), at(1, 2)))
  t.false(isOlder(at(1, 2), at(1, 2)))
  t.false(isOlder(at(2, 1), at(1, 9)))
})
