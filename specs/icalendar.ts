import ICAL from 'ical.js'
import { Temporal } from 'temporal-polyfill'
import type { LocalRange } from './desired.ts'
import type { ErrorCode } from './diagnostic-codes.ts'
import type { Findings } from './findings.ts'
import { occurrences, type RecurrenceRule } from './recurrence.ts'
import { isTimezone } from './schema/time.ts'
import type { Place, SourceText } from './source-text.ts'
import { say, type Text } from './text.ts'

/** Time zone names of Outlook and Exchange that French schools meet; other calendars write IANA names. */
const outlookZones: ReadonlyMap<string, string> = new Map([
  ['Romance Standard Time', 'Europe/Paris'],
  ['W. Europe Standard Time', 'Europe/Berlin'],
  ['GMT Standard Time', 'Europe/London'],
  ['Reunion Standard Time', 'Indian/Reunion'],
  ['SA Western Standard Time', 'America/Guadeloupe'],
])

type Zone = { readonly kind: 'local' } | { readonly kind: 'named'; readonly name: string }
/** A wall-clock time as milliseconds, as if it were UTC, in its zone. */
type Moment = { readonly at: number; readonly zone: Zone; readonly wholeDay: boolean }
type Event = {
  readonly component: ICAL.Component
  readonly place: Place
  readonly uid: string
  readonly start: Moment
  readonly endAt: number
  readonly summary: string | undefined
}

const dayMs = 86_400_000

/**
 * The events of an iCalendar file (RFC 5545) as wall-clock ranges, in the order of their beginnings. Whole days and floating
 * times are the lycée's own; UTC and TZID times keep their zone. Recurring events are expanded, without their EXDATEs and with
 * single occurrences that were moved (RECURRENCE-ID). Undefined, with findings in that file, when something cannot be told.
 */
export function readICalendar(source: SourceText, findings: Findings): readonly LocalRange[] | undefined {
  const calendar = parseCalendar(source, findings)
  if (!calendar) return undefined
  const starts = eventOffsets(source)
  const events: Event[] = []
  let sound = true
  const bad = (place: Place, code: ErrorCode, message: Text): undefined => {
    findings.error(place, code, message)
    sound = false
    return undefined
  }
  for (const [index, component] of calendar.getAllSubcomponents('vevent').entries()) {
    const event = readEvent(component, { source, at: starts[index] ?? 0 }, calendar, bad)
    if (event) events.push(event)
  }
  const moved = new Map<string, Set<number>>()
  for (const event of events) {
    const original = timeOf(event.component, 'recurrence-id')
    if (original) moved.set(event.uid, (moved.get(event.uid) ?? new Set()).add(wallClock(original)))
  }
  const ranges: LocalRange[] = []
  for (const event of events) {
    const isMoved = timeOf(event.component, 'recurrence-id') !== undefined
    const begins = isMoved ? [event.start.at] : beginnings(event, moved.get(event.uid), bad)
    for (const at of begins ?? []) ranges.push(rangeOf(event, at))
  }
  return sound ? ranges.toSorted(inOrder) : undefined
}

type Bad = (place: Place, code: ErrorCode, message: Text) => undefined

function parseCalendar(source: SourceText, findings: Findings): ICAL.Component | undefined {
  try {
    const parsed: unknown = ICAL.parse(source.text)
    if (Array.isArray(parsed) && parsed[0] === 'vcalendar') return new ICAL.Component(parsed)
  } catch (error) {
    // The library throws errors of several classes for text that is not iCalendar.
    if (!(error instanceof Error)) throw error
  }
  findings.error(
    { source, at: 0 },
    'bad-calendar',
    say(
      'This is not an iCalendar file (BEGIN:VCALENDAR … END:VCALENDAR). Export it again from the calendar program.',
      'Ce n’est pas un fichier iCalendar (BEGIN:VCALENDAR … END:VCALENDAR). Exportez-le de nouveau depuis le logiciel d’agenda.',
    ),
  )
  return undefined
}

const eventOffsets = (source: SourceText): readonly number[] =>
  [...source.text.matchAll(/^BEGIN:VEVENT[ \t]*\r?$/gim)].map((match) => match.index)

/** Undefined: a cancelled event, or one that was refused. */
function readEvent(
  component: ICAL.Component,
  place: Place,
  calendar: ICAL.Component,
  bad: Bad,
): Event | undefined {
  const wrong = say(
    'This event has no readable beginning (DTSTART) or end (DTEND, DURATION), or another of its values is malformed.',
    'Cet événement n’a pas de début (DTSTART) ou de fin (DTEND, DURATION) lisible, ou une autre de ses valeurs est mal formée.',
  )
  if (!isReadable(component)) return bad(place, 'bad-event', wrong)
  if (textOf(component, 'status') === 'CANCELLED') return undefined
  const start = momentOf(component, 'dtstart', calendar)
  if (start === 'unknown-zone') return badZone(place, bad)
  if (!start) return bad(place, 'bad-event', wrong)
  const end = momentOf(component, 'dtend', calendar)
  if (end === 'unknown-zone') return badZone(place, bad)
  const duration: unknown = component.getFirstPropertyValue('duration')
  const lengthMs =
    duration instanceof ICAL.Duration ? duration.toSeconds() * 1000 : start.wholeDay ? dayMs : 0
  const endAt = end ? end.at : start.at + lengthMs
  const sameZone = !end || JSON.stringify(end.zone) === JSON.stringify(start.zone)
  if (!(endAt > start.at) || !sameZone) return bad(place, 'bad-event', wrong)
  const uid = textOf(component, 'uid') ?? ''
  return { component, place, uid, start, endAt, summary: textOf(component, 'summary') }
}

/** The library decodes values when they are first asked for, and throws then. */
function isReadable(component: ICAL.Component): boolean {
  try {
    for (const property of component.getAllProperties()) property.getValues()
    return true
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  }
}

const badZone = (place: Place, bad: Bad): undefined =>
  bad(
    place,
    'unknown-event-zone',
    say(
      'This event’s time zone (TZID) has no IANA name such as Europe/Paris. Export the calendar with IANA zones or in UTC.',
      'Le fuseau horaire de cet événement (TZID) n’a pas de nom IANA comme Europe/Paris. Exportez l’agenda avec des fuseaux IANA ou en UTC.',
    ),
  )

/** When the event begins, each time. */
function beginnings(
  event: Event,
  moved: ReadonlySet<number> | undefined,
  bad: Bad,
): readonly number[] | undefined {
  const { component, place, start } = event
  const rules = component.getAllProperties('rrule')
  const extra = timesOf(component, 'rdate')
  if (rules.length === 0 && extra.length === 0) return [start.at]
  const value: unknown = rules[0]?.getFirstValue()
  const rule = value instanceof ICAL.Recur ? ruleOf(value, start) : undefined
  const regular = rule ? occurrences(start.at, rule) : rules.length === 0 ? [start.at] : undefined
  if (!regular || rules.length > 1) {
    return bad(
      place,
      'unbounded-recurrence',
      say(
        'This event’s recurrence cannot be expanded: it needs an end (COUNT or UNTIL), and days given by BYDAY, BYMONTH or BYMONTHDAY only.',
        'La récurrence de cet événement ne peut pas être développée : il lui faut une fin (COUNT ou UNTIL), et des jours donnés par BYDAY, BYMONTH ou BYMONTHDAY seulement.',
      ),
    )
  }
  const without = new Set([...timesOf(component, 'exdate').map(wallClock), ...(moved ?? [])])
  const all = new Set([...regular, ...extra.map(wallClock)])
  return [...all].filter((at) => !without.has(at))
}

function ruleOf(recur: ICAL.Recur, start: Moment): RecurrenceRule {
  const parts = recur.parts as Readonly<Record<string, readonly (string | number)[]>>
  const until = recur.until instanceof ICAL.Time ? untilIn(recur.until, start) : null
  return { freq: recur.freq, interval: recur.interval, count: recur.count, until, parts }
}

/** UNTIL is in UTC where the event has a zone (RFC 5545, 3.3.10); a date includes its whole day. */
function untilIn(until: ICAL.Time, start: Moment): number {
  const at = wallClock(until)
  if (until.isDate) return at + dayMs - 1
  if (zoneName(until) !== 'UTC' || start.zone.kind === 'local' || start.zone.name === 'UTC') return at
  const local = Temporal.Instant.fromEpochMilliseconds(at)
    .toZonedDateTimeISO(start.zone.name)
    .toPlainDateTime()
  return local.toZonedDateTime('UTC').epochMilliseconds
}

function rangeOf({ start, endAt, summary }: Event, at: number): LocalRange {
  const range = { from: minuteText(at), to: minuteText(at + endAt - start.at) }
  const zone = start.zone.kind === 'named' ? { zone: start.zone.name } : {}
  return { ...range, ...zone, ...(summary === undefined ? {} : { summary: summary.slice(0, 200) }) }
}

const minuteText = (at: number): string => new Date(at).toISOString().slice(0, 16)

function inOrder(a: LocalRange, b: LocalRange): number {
  const left = JSON.stringify([a.from, a.to, a.zone ?? '', a.summary ?? ''])
  const right = JSON.stringify([b.from, b.to, b.zone ?? '', b.summary ?? ''])
  return left < right ? -1 : left > right ? 1 : 0
}

function textOf(component: ICAL.Component, name: string): string | undefined {
  const value: unknown = component.getFirstPropertyValue(name)
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

function timeOf(component: ICAL.Component, name: string): ICAL.Time | undefined {
  const value: unknown = component.getFirstPropertyValue(name)
  return value instanceof ICAL.Time ? value : undefined
}

function timesOf(component: ICAL.Component, name: string): readonly ICAL.Time[] {
  const values: readonly unknown[] = component
    .getAllProperties(name)
    .flatMap((property) => property.getValues())
  return values.filter((value) => value instanceof ICAL.Time)
}

function momentOf(
  component: ICAL.Component,
  name: string,
  calendar: ICAL.Component,
): Moment | 'unknown-zone' | undefined {
  const time = timeOf(component, name)
  if (!time || !Number.isFinite(wallClock(time)) || time.year < 1970 || time.year > 9000) return undefined
  const at = wallClock(time)
  if (time.isDate) return { at, zone: { kind: 'local' }, wholeDay: true }
  if (zoneName(time) === 'UTC') return { at, zone: { kind: 'named', name: 'UTC' }, wholeDay: false }
  const tzid: unknown = component.getFirstProperty(name)?.getFirstParameter('tzid')
  if (typeof tzid !== 'string' || tzid === '') return { at, zone: { kind: 'local' }, wholeDay: false }
  const zone = ianaName(tzid, calendar)
  return zone === undefined ? 'unknown-zone' : { at, zone: { kind: 'named', name: zone }, wholeDay: false }
}

const zoneName = (time: ICAL.Time): string | undefined =>
  time.zone === ICAL.Timezone.utcTimezone ? 'UTC' : undefined

/** The IANA name behind a TZID: itself, its end (`/example.org/Europe/Paris`), what its VTIMEZONE says, or Outlook's name for it. */
function ianaName(tzid: string, calendar: ICAL.Component): string | undefined {
  const definition = calendar
    .getAllSubcomponents('vtimezone')
    .find((component) => isReadable(component) && textOf(component, 'tzid') === tzid)
  const location = definition && textOf(definition, 'x-lic-location')
  const end = tzid.split('/').slice(-2).join('/')
  return [tzid, location, end, outlookZones.get(tzid)].find((name) => name !== undefined && isTimezone(name))
}

const wallClock = (time: ICAL.Time): number =>
  Date.UTC(time.year, time.month - 1, time.day, time.isDate ? 0 : time.hour, time.isDate ? 0 : time.minute)
