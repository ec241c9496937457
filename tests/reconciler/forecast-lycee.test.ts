import test from 'ava'
import { createAgenda } from '../../reconciler/agenda.ts'
import { type Chain, type Run, type Shape, scheduleLycee } from '../../reconciler/forecast-lycee.ts'
import { createOpeningSearches } from '../../reconciler/forecast-openings.ts'
import type { Window } from '../../specs/desired.ts'
import { everyDay, machineId, now, weekly } from './sample-park.ts'

const minute = 60_000
const hour = 60 * minute
const searches = createOpeningSearches(now)

const shape = (minutes: number, lanes: readonly string[] = [], windows: readonly Window[] = []): Shape => ({
  effect: 'quiet',
  neededMs: minutes * minute,
  lanes,
  openings: searches(windows, 'Europe/Paris'),
})

const chain = (machine: string, ...jobs: readonly Shape[]): Chain => ({
  machine: machineId(machine),
  notBefore: now,
  jobs,
})

const told = (runs: readonly Run[]): readonly (readonly [string, number, number])[] =>
  runs.map(({ chain: { machine }, from, to }) => [machine, (from - now) / minute, (to - now) / minute])

const night = weekly(everyDay, '19:00', '06:00')

test('as many run at once as their lane has places, in the order given', (t) => {
  const short = shape(10, ['actions'])
  const { runs } = scheduleLycee(
    ['a', 'b', 'c'].map((name) => chain(name, short)),
    new Map([['actions', 2]]),
    now,
  )
  t.deepEqual(told(runs), [
    ['a', 0, 10],
    ['b', 0, 10],
    ['c', 10, 20],
  ])
})

test('whoever finds no place in one lane does not keep the others waiting', (t) => {
  const image = shape(60, ['actions', 'images'])
  const small = shape(5, ['actions'])
  const { runs } = scheduleLycee(
    [chain('a', image), chain('b', image), chain('c', small)],
    new Map([
      ['actions', 3],
      ['images', 1],
    ]),
    now,
  )
  t.deepEqual(told(runs), [
    ['a', 0, 60],
    ['c', 0, 5],
    ['b', 60, 120],
  ])
})

test('what takes longest starts first, and short work fills the end of the window', (t) => {
  const evening = weekly(everyDay, '19:00', '21:00')
  const lanes = new Map([['actions', 1]])
  const short = shape(30, ['actions'], [evening])
  const long = shape(90, ['actions'], [evening])
  t.deepEqual(told(scheduleLycee([chain('a', short), chain('b', long)], lanes, now).runs), [
    ['b', 9 * 60, 9 * 60 + 90],
    ['a', 9 * 60 + 90, 11 * 60],
  ])
})

test('rooms in which the same is to be done take turns', (t) => {
  const lanes = new Map([['actions', 2]])
  const inRoom = (room: string): Shape => shape(30, ['actions', room])
  const [one, other] = [inRoom('r1'), inRoom('r2')]
  const { runs } = scheduleLycee(
    [chain('a', one), chain('b', one), chain('c', other), chain('d', other)],
    lanes,
    now,
  )
  t.deepEqual(
    runs.map(({ chain: { machine } }) => machine as string),
    ['a', 'c', 'b', 'd'],
  )
})

test('the jobs of one machine follow each other', (t) => {
  const { runs } = scheduleLycee([chain('a', shape(10), shape(20))], new Map(), now)
  t.deepEqual(told(runs), [
    ['a', 0, 10],
    ['a', 10, 30],
  ])
})

test('nothing starts outside a window, nor what would not end in it', (t) => {
  // It is ten in the morning; the night from seven to six has eleven hours.
  const long = shape(6 * 60, ['actions'], [night])
  const { runs } = scheduleLycee([chain('a', long), chain('b', long)], new Map([['actions', 1]]), now)
  t.deepEqual(told(runs), [
    ['a', 9 * 60, 15 * 60],
    ['b', 33 * 60, 39 * 60],
  ])
})

test('work that is longer than any window is told, and the rest goes on', (t) => {
  const { runs, stuck } = scheduleLycee(
    [chain('a', shape(13 * 60, [], [night])), chain('b', shape(60, [], [night]))],
    new Map(),
    now,
  )
  t.deepEqual(told(runs), [['b', 9 * 60, 10 * 60]])
  t.deepEqual(
    stuck.map(({ machine }) => machine),
    [machineId('a')],
  )
})

test('a machine is not begun before its own time', (t) => {
  const late = { ...chain('a', shape(10)), notBefore: now + hour }
  t.deepEqual(told(scheduleLycee([late], new Map(), now).runs), [['a', 60, 70]])
})

test('what was started before keeps its place until it ends, and its machine goes on after it', (t) => {
  const lane = ['actions']
  const a = chain('a', shape(60, lane), shape(10, lane))
  const b = chain('b', shape(10, lane))
  const lanes = new Map([['actions', 1]])
  const [first] = scheduleLycee([a], lanes, now).runs
  t.truthy(first)
  const { runs } = scheduleLycee([a, b], lanes, now + 30 * minute, first === undefined ? [] : [first])
  t.deepEqual(told(runs), [
    ['b', 60, 70],
    ['a', 70, 80],
  ])
})

test('an agenda gives what is due in the order of time, and of equals what came first', (t) => {
  const agenda = createAgenda<string>()
  for (const [at, item] of [
    [30, 'd'],
    [10, 'a'],
    [20, 'b'],
    [20, 'c'],
    [5, 'first'],
  ] as const)
    agenda.add(at, item)
  const seen: string[] = []
  for (let item = agenda.due(25); item !== undefined; item = agenda.due(25)) seen.push(item)
  t.deepEqual(seen, ['first', 'a', 'b', 'c'])
  t.is(agenda.nextAt(), 30)
})
