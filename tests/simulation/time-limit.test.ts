import test from 'ava'
import { createVirtualClock } from '../../providers/simulated/clock.ts'
import { withinLimit } from '../../reconciler/loop/time-limit.ts'

/** Work that takes so long, and that ends when it is told to stop if it listens. */
const run = (takesMs: number, listens: boolean, caller = new AbortController()) => {
  const clock = createVirtualClock(0)
  const stops: number[] = []
  const answer = withinLimit<string>({
    clock,
    limitMs: 60_000,
    signal: caller.signal,
    work: async (stop) => {
      stop.addEventListener('abort', () => stops.push(clock.now()))
      await clock.sleep(takesMs, listens ? stop : undefined)
      if (takesMs === 13_000) throw new Error('broken')
      return 'done'
    },
    late: () => 'late',
    broken: () => 'broken',
  })
  return { clock, stops, answer, caller }
}

test('work that ends in time gives its answer, and is not told to stop', async (t) => {
  const { clock, stops, answer } = run(5_000, true)
  t.is(await clock.until(answer), 'done')
  t.is(clock.now(), 5_000)
  await clock.pass(120_000)
  t.deepEqual(stops, [])
})

test('work that breaks says so', async (t) => {
  const { clock, answer } = run(13_000, true)
  t.is(await clock.until(answer), 'broken')
})

test('work that takes too long is told to stop, and may still answer', async (t) => {
  const { clock, stops, answer } = run(300_000, true)
  t.is(await clock.until(answer), 'done')
  t.deepEqual(stops, [60_000])
})

test('work that does not listen is left behind ten seconds later', async (t) => {
  const { clock, stops, answer } = run(300_000, false)
  t.is(await clock.until(answer), 'late')
  t.deepEqual(stops, [60_000])
  t.is(clock.now(), 70_000)
})

test('a caller that stops is waited for ten seconds, whatever is left of the time', async (t) => {
  const { clock, stops, answer, caller } = run(300_000, false)
  await clock.pass(20_000)
  caller.abort()
  t.is(await clock.until(answer), 'late')
  t.deepEqual(stops, [20_000])
  t.is(clock.now(), 30_000)
})
