import test from 'ava'
import { isStalled, nextBackoff } from '../../reconciler/backoff.ts'
import type { ChangeKey } from '../../reconciler/model/ids.ts'
import type { Backoff, FailureClass } from '../../reconciler/model/plan.ts'
import { say } from '../../specs/text.ts'
import { now } from './sample-park.ts'

const policy = { attempts: 3, baseMs: 60_000, capMs: 600_000 }
const key = 'packages/vim' as ChangeKey
const reason = { code: 'boom', message: say('Boom.', 'Boum.') }
const fail = (previous: Backoff | undefined, kind: FailureClass, random = 0.999999): Backoff =>
  nextBackoff(previous, { key, class: kind, reason }, policy, now, () => random)

const failTimes = (kind: FailureClass, times: number, random?: number): Backoff => {
  let backoff = fail(undefined, kind, random)
  for (let i = 1; i < times; i++) backoff = fail(backoff, kind, random)
  return backoff
}

test('the delay doubles up to its cap', (t) => {
  const delays = [1, 2, 3, 4, 5, 200].map((times) =>
    Math.ceil((failTimes('retry', times).notBefore - now) / 1000),
  )
  t.deepEqual(delays, [60, 120, 240, 480, 600, 600])
})

test('the jitter is full: anything from nothing to the whole delay', (t) => {
  t.is(failTimes('retry', 3, 0).notBefore, now)
  t.is(failTimes('retry', 3, 0.5).notBefore, now + 120_000)
})

test('retrying stalls after the attempts of the policy, and goes on when the policy allows more', (t) => {
  t.false(isStalled(failTimes('retry', 2), policy))
  t.true(isStalled(failTimes('retry', 3), policy))
  t.false(isStalled(failTimes('retry', 3), { ...policy, attempts: 4 }))
})

test('a terminal failure stalls at once', (t) => {
  t.true(isStalled(fail(undefined, 'terminal'), policy))
  t.true(isStalled(fail(failTimes('wait', 5), 'terminal'), policy))
})

test('waiting never stalls, is never immediate, and never longer than ten minutes', (t) => {
  for (const times of [1, 5, 50]) {
    t.false(isStalled(failTimes('wait', times), policy))
    t.true(failTimes('wait', times, 0).notBefore > now)
    t.true(failTimes('wait', times).notBefore <= now + 600_000)
  }
})

test('having to wait between two failures neither counts as an attempt nor forgets one', (t) => {
  let backoff = failTimes('retry', 2)
  backoff = fail(backoff, 'wait')
  t.like(backoff, { class: 'retry', attempts: 2 })
  t.false(isStalled(backoff, policy))
  t.true(isStalled(fail(backoff, 'retry'), policy))
})

test('waits before the first failure are no attempts', (t) => {
  t.like(fail(failTimes('wait', 7), 'retry'), { class: 'retry', attempts: 1 })
})

test('a PC that does not come when it is called is called less and less, every two hours in the end', (t) => {
  for (const code of ['did-not-wake', 'imager-not-started']) {
    const absent = { key, class: 'wait', reason: { ...reason, code } } as const
    const delays: number[] = []
    let backoff: Backoff | undefined
    for (let calls = 0; calls < 12; calls++) {
      backoff = nextBackoff(backoff, absent, policy, now, () => 0.999999)
      delays.push(Math.ceil((backoff.notBefore - now) / 1000))
    }
    t.deepEqual(delays, [15, 30, 60, 120, 240, 480, 960, 1920, 3840, 7200, 7200, 7200], code)
  }
})
