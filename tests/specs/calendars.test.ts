import test from 'ava'
import { occurrences } from '../../specs/recurrence.ts'
import { codesOf, compiled, machineOf, smallPark } from './park.ts'

const calendar = (...lines: readonly string[]): Record<string, string> => ({
  'c.yaml': 'kind: Calendar\nname: c\nfile: c.ics\n',
  'poste.yaml': 'kind: Role\nname: poste\nwindows: [{ calendar: c }, { days: [sat] }]\n',
  'c.ics': ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//t//t', ...lines, 'END:VCALENDAR', ''].join('\r\n'),
})
const event = (...lines: readonly string[]): readonly string[] => [
  'BEGIN:VEVENT',
  'UID:1',
  ...lines,
  'END:VEVENT',
]

function rangesOf(texts: Record<string, string>): readonly unknown[] {
  const span = machineOf(compiled(smallPark(texts)), 'hugo/a1').profile.windows[0]?.span
  return span?.kind === 'calendar' ? span.ranges : []
}

test('whole days run from midnight to midnight in the lycée’s own time', (t) => {
  t.deepEqual(
    rangesOf(
      calendar(
        ...event('DTSTART;VALUE=DATE:20261017', 'DTEND;VALUE=DATE:20261102', 'SUMMARY:Toussaint\\, zone A'),
      ),
    ),
    [{ from: '2026-10-17T00:00', to: '2026-11-02T00:00', summary: 'Toussaint, zone A' }],
  )
  t.deepEqual(rangesOf(calendar(...event('DTSTART;VALUE=DATE:20261111'))), [
    { from: '2026-11-11T00:00', to: '2026-11-12T00:00' },
  ])
})

test('times in UTC and in a named zone keep it, Outlook’s zone names are known', (t) => {
  t.deepEqual(rangesOf(calendar(...event('DTSTART:20261017T060000Z', 'DURATION:PT90M'))), [
    { from: '2026-10-17T06:00', to: '2026-10-17T07:30', zone: 'UTC' },
  ])
  for (const zone of [
    'Europe/Paris',
    'Romance Standard Time',
    '/freeassociation.sourceforge.net/Europe/Paris',
  ]) {
    t.deepEqual(
      rangesOf(
        calendar(...event(`DTSTART;TZID=${zone}:20261017T080000`, `DTEND;TZID=${zone}:20261017T100000`)),
      ),
      [{ from: '2026-10-17T08:00', to: '2026-10-17T10:00', zone: 'Europe/Paris' }],
    )
  }
})

test('a zone without an IANA name is found through its VTIMEZONE', (t) => {
  const zone = ['BEGIN:VTIMEZONE', 'TZID:Paris, Madrid', 'X-LIC-LOCATION:Europe/Paris', 'END:VTIMEZONE']
  t.deepEqual(
    rangesOf(calendar(...zone, ...event('DTSTART;TZID="Paris, Madrid":20261017T080000', 'DURATION:PT1H'))),
    [{ from: '2026-10-17T08:00', to: '2026-10-17T09:00', zone: 'Europe/Paris' }],
  )
})

test('a weekly event that ends is expanded, without its exceptions, across the change to winter time', (t) => {
  const ranges = rangesOf(
    calendar(
      ...event(
        'DTSTART;TZID=Europe/Paris:20261014T180000',
        'DURATION:PT2H',
        'RRULE:FREQ=WEEKLY;COUNT=4',
        'EXDATE;TZID=Europe/Paris:20261021T180000',
      ),
    ),
  )
  t.deepEqual(
    ranges.map((range) => (range as { from: string }).from),
    ['2026-10-14T18:00', '2026-10-28T18:00', '2026-11-04T18:00'],
  )
})

test('one moved occurrence takes the place of the regular one', (t) => {
  const ranges = rangesOf(
    calendar(
      ...event('DTSTART;TZID=Europe/Paris:20261014T180000', 'DURATION:PT2H', 'RRULE:FREQ=WEEKLY;COUNT=2'),
      ...event(
        'RECURRENCE-ID;TZID=Europe/Paris:20261021T180000',
        'DTSTART;TZID=Europe/Paris:20261022T180000',
        'DURATION:PT1H',
      ),
    ),
  )
  t.deepEqual(
    ranges.map((range) => (range as { from: string }).from),
    ['2026-10-14T18:00', '2026-10-22T18:00'],
  )
})

test('UNTIL in UTC includes an occurrence at that very instant of the local zone', (t) => {
  const until = (text: string): number =>
    rangesOf(
      calendar(
        ...event(
          'DTSTART;TZID=Europe/Paris:20261014T180000',
          'DURATION:PT1H',
          `RRULE:FREQ=DAILY;UNTIL=${text}`,
        ),
      ),
    ).length
  t.is(until('20261016T160000Z'), 3)
  t.is(until('20261016T155959Z'), 2)
  t.is(until('20261016'), 3)
})

test('a rule that matches no day ends, and one without an end is refused', (t) => {
  t.deepEqual(
    rangesOf(
      calendar(...event('DTSTART;VALUE=DATE:20261013', 'RRULE:FREQ=DAILY;INTERVAL=7;BYDAY=MO;COUNT=5')),
    ),
    [],
  )
  t.deepEqual(codesOf(smallPark(calendar(...event('DTSTART;VALUE=DATE:20261013', 'RRULE:FREQ=YEARLY')))), [
    'unbounded-recurrence',
  ])
})

test('monthly rules know the first and the last of a weekday', (t) => {
  const start = Date.UTC(2026, 8, 7)
  const days = (byday: string): readonly string[] =>
    (
      occurrences(start, {
        freq: 'MONTHLY',
        interval: 1,
        count: 3,
        until: null,
        parts: { BYDAY: [byday] },
      }) ?? []
    ).map((at) => new Date(at).toISOString().slice(0, 10))
  t.deepEqual(days('1MO'), ['2026-09-07', '2026-10-05', '2026-11-02'])
  t.deepEqual(days('-1FR'), ['2026-09-25', '2026-10-30', '2026-11-27'])
})

test('a range written with days includes the last one', (t) => {
  const texts = {
    ...calendar(),
    'c.yaml': 'kind: Calendar\nname: c\nranges: [{ from: 2026-10-17, to: 2026-11-01 }]\n',
  }
  t.deepEqual(rangesOf(texts), [{ from: '2026-10-17T00:00', to: '2026-11-02T00:00' }])
})

test('cancelled events are no events', (t) => {
  t.deepEqual(
    rangesOf(calendar(...event('STATUS:CANCELLED', 'DTSTART:20261017T060000Z', 'DURATION:PT1H'))),
    [],
  )
})
