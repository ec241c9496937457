import test from 'ava'
import { createOpenings, openFor } from '../../reconciler/window.ts'
import type { Window } from '../../specs/desired.ts'
import { calendar, everyDay, origin, weekly } from './sample-park.ts'

const paris = 'Europe/Paris'
const minute = 60_000
const at = (instant: string): number => Date.parse(instant)

const isOpen = (windows: readonly Window[], instant: string, neededMs = minute, zone = paris): boolean =>
  openFor(windows, zone, 'quiet', at(instant), neededMs).open

const opensAt = (windows: readonly Window[], instant: string, neededMs = minute): string | undefined => {
  const opening = openFor(windows, paris, 'quiet', at(instant), neededMs)
  if (opening.open) return 'now'
  return opening.until === undefined ? 'never' : new Date(opening.until).toISOString()
}

const whyClosed = (windows: readonly Window[], instant: string, neededMs = minute): string => {
  const opening = openFor(windows, paris, 'quiet', at(instant), neededMs)
  return opening.open ? 'open' : opening.reason.code
}

const night = [weekly(['mon', 'tue', 'wed', 'thu', 'fri'], '19:00', '06:00')]

test('a machine without windows is always open', (t) => {
  t.true(isOpen([], '2026-10-13T08:00:00Z', 24 * 60 * minute))
})

test('with deny windows only, it is open wherever nothing denies', (t) => {
  const lessons = [weekly(['tue'], '08:00', '18:00', { deny: true })]
  t.false(isOpen(lessons, '2026-10-13T08:00:00Z'))
  t.is(opensAt(lessons, '2026-10-13T08:00:00Z'), '2026-10-13T16:00:00.000Z')
  t.true(isOpen(lessons, '2026-10-14T08:00:00Z'))
})

test('a window is open in the wall-clock time of its zone, its end not included', (t) => {
  t.false(isOpen(night, '2026-10-13T16:59:59Z'))
  t.true(isOpen(night, '2026-10-13T17:00:00Z'))
  t.true(isOpen(night, '2026-10-14T03:58:00Z'))
  t.false(isOpen(night, '2026-10-14T04:00:00Z', 0))
  t.false(isOpen(night, '2026-10-13T19:00:00Z', minute, 'America/Martinique'))
})

test('a window that crosses midnight belongs to the day on which it begins', (t) => {
  t.true(isOpen(night, '2026-10-17T01:00:00Z'), 'the night from Friday to Saturday')
  t.false(isOpen(night, '2026-10-17T18:00:00Z'), 'Saturday evening')
  t.false(isOpen(night, '2026-10-19T01:00:00Z'), 'the night from Sunday to Monday')
  t.is(opensAt(night, '2026-10-17T08:00:00Z'), '2026-10-19T17:00:00.000Z')
})

test('equal times mean a whole day', (t) => {
  const sunday = [weekly(['sun'], '08:00', '08:00')]
  t.true(isOpen(sunday, '2026-10-18T06:00:00Z', 24 * 60 * minute))
  t.false(isOpen(sunday, '2026-10-19T06:00:00Z', 0))
})

test('an open window tells until when', (t) => {
  const opening = openFor(night, paris, 'quiet', at('2026-10-13T20:00:00Z'), minute)
  t.deepEqual(opening, { open: true, until: at('2026-10-14T04:00:00Z') })
})

test('windows that touch are one', (t) => {
  const touching = [weekly(['tue'], '19:00', '22:00'), weekly(['tue'], '22:00', '23:00')]
  t.true(isOpen(touching, '2026-10-13T18:00:00Z', 180 * minute))
})

test('nothing starts that cannot finish inside: it waits for a window that is long enough', (t) => {
  const windows = [weekly(['tue'], '19:00', '20:00'), weekly(['thu'], '19:00', '23:00')]
  t.is(opensAt(windows, '2026-10-13T17:30:00Z', 30 * minute), 'now')
  t.is(opensAt(windows, '2026-10-13T17:31:00Z', 30 * minute), '2026-10-15T17:00:00.000Z')
  t.is(whyClosed(windows, '2026-10-13T17:31:00Z', 30 * minute), 'window-too-short')
  t.is(opensAt(windows, '2026-10-13T17:00:00Z', 300 * minute), 'never')
  t.is(whyClosed(windows, '2026-10-13T17:00:00Z', 300 * minute), 'window-never-long-enough')
})

test('a calendar opens from its first to its last instant', (t) => {
  const holidays = [calendar('2026-10-17T00:00', '2026-11-02T00:00')]
  t.is(opensAt(holidays, '2026-10-13T08:00:00Z'), '2026-10-16T22:00:00.000Z')
  t.true(isOpen(holidays, '2026-11-01T22:58:00Z'), 'winter time has come meanwhile')
  t.is(opensAt(holidays, '2026-11-01T23:00:00Z'), 'never')
})

test('a range with a zone of its own is read in that zone', (t) => {
  const range = { from: '2026-10-17T00:00', to: '2026-10-18T00:00', zone: 'UTC' }
  const windows: Window[] = [
    { deny: false, allow: 'quiet', span: { kind: 'calendar', calendar: 'x', ranges: [range] }, origin },
  ]
  t.is(opensAt(windows, '2026-10-16T22:30:00Z'), '2026-10-17T00:00:00.000Z')
})

test('a deny window wins over whatever is open, and is named', (t) => {
  const exams = calendar('2026-10-13T00:00', '2026-10-15T00:00', { deny: true })
  const windows = [...night, exams]
  t.is(whyClosed(windows, '2026-10-13T20:00:00Z'), 'window-denied')
  t.is(opensAt(windows, '2026-10-13T20:00:00Z'), '2026-10-14T22:00:00.000Z')
  t.is(opensAt([...windows].reverse(), '2026-10-13T20:00:00Z'), '2026-10-14T22:00:00.000Z')
})

test('a window allows effects up to its ceiling', (t) => {
  const windows = [weekly(everyDay, '12:00', '14:00', { allow: 'quiet' }), weekly(everyDay, '20:00', '23:00')]
  const noon = at('2026-10-13T10:30:00Z')
  t.true(openFor(windows, paris, 'quiet', noon, minute).open)
  t.like(openFor(windows, paris, 'disruptive', noon, minute), {
    open: false,
    until: at('2026-10-13T18:00:00Z'),
    reason: { code: 'window-allows-less' },
  })
  t.like(openFor(windows, paris, 'destructive', noon, minute), {
    open: false,
    reason: { code: 'window-never-opens' },
  })
})

test('in spring, a time that the clock skips stands for the skip', (t) => {
  // On 29 March 2026 the clock goes from 02:00 to 03:00 at 01:00 UTC.
  t.is(opensAt([weekly(['sun'], '02:30', '05:00')], '2026-03-29T00:30:00Z'), '2026-03-29T01:00:00.000Z')
  const until = openFor([weekly(['sun'], '00:00', '02:30')], paris, 'quiet', at('2026-03-29T00:30:00Z'), 0)
  t.deepEqual(until, { open: true, until: at('2026-03-29T01:00:00Z') })
  t.is(opensAt([weekly(['sun'], '02:10', '02:50')], '2026-03-28T22:00:00Z'), '2026-04-05T00:10:00.000Z')
})

test('the night on which the clock skips an hour is an hour shorter', (t) => {
  const windows = [weekly(['sat'], '22:00', '06:00')]
  const start = '2026-03-28T21:00:00Z'
  t.is(opensAt(windows, start, 7 * 60 * minute), 'now')
  t.not(opensAt(windows, start, 7 * 60 * minute + 1), 'now')
})

test('in autumn, of a time that comes twice, openings and closings mean the first', (t) => {
  // On 25 October 2026 the clock goes from 03:00 back to 02:00 at 01:00 UTC.
  t.is(opensAt([weekly(['sun'], '02:30', '05:00')], '2026-10-24T23:00:00Z'), '2026-10-25T00:30:00.000Z')
  const closing = openFor([weekly(['sun'], '00:00', '02:30')], paris, 'quiet', at('2026-10-24T23:00:00Z'), 0)
  t.deepEqual(closing, { open: true, until: at('2026-10-25T00:30:00Z') })
  t.true(isOpen([weekly(['sun'], '02:10', '02:50')], '2026-10-25T00:20:00Z'))
})

test('in autumn, a deny window lasts until the second of two equal times', (t) => {
  const windows = [weekly(['sun'], '01:00', '02:30', { deny: true })]
  t.is(opensAt(windows, '2026-10-24T23:30:00Z'), '2026-10-25T01:30:00.000Z')
})

test('the night on which an hour comes twice is an hour longer', (t) => {
  const windows = [weekly(['sat'], '22:00', '06:00')]
  const start = '2026-10-24T20:00:00Z'
  t.is(opensAt(windows, start, 9 * 60 * minute), 'now')
  t.not(opensAt(windows, start, 9 * 60 * minute + 1), 'now')
})

test('a leap day is a day like others', (t) => {
  const windows = [weekly(['tue'], '22:00', '04:00')]
  t.true(isOpen(windows, '2028-02-29T21:30:00Z'))
  t.true(isOpen(windows, '2028-03-01T02:00:00Z'))
  t.false(isOpen(windows, '2028-03-01T21:30:00Z'))
})

test('the next opening is found up to 400 days ahead', (t) => {
  const next = [calendar('2027-11-10T00:00', '2027-11-11T00:00')]
  t.is(opensAt(next, '2026-10-13T08:00:00Z'), '2027-11-09T23:00:00.000Z')
  t.is(opensAt(next, '2026-08-13T08:00:00Z'), 'never')
  const deniedForLong = [...night, calendar('2026-10-01T00:00', '2027-09-01T00:00', { deny: true })]
  t.is(opensAt(deniedForLong, '2026-10-13T08:00:00Z'), '2027-08-31T22:00:00.000Z')
})

test('answers worked out once for a pass are those worked out alone, whatever was asked before', (t) => {
  const windows = [...night, calendar('2026-10-20T00:00', '2026-10-23T00:00', { deny: true })]
  const instant = at('2026-10-19T08:00:00Z')
  const openings = createOpenings(instant)(windows, paris)
  for (const hours of [200, 1, 11, 12, 0, 90, 4]) {
    const needed = hours * 60 * minute
    t.deepEqual(openings('quiet', needed), openFor(windows, paris, 'quiet', instant, needed))
  }
})

test('equal windows written in different places share their answers', (t) => {
  const openings = createOpenings(at('2026-10-13T20:00:00Z'))
  const elsewhere = night.map((window) => ({ ...window, origin: { file: 'x.yaml', line: 3, column: 1 } }))
  t.is(openings(night, paris), openings(elsewhere, paris))
  t.not(openings(night, paris), openings(night, 'Europe/Lisbon'))
})
