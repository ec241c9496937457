import type { Weekday } from '../desired.ts'
import { suggest } from '../suggest.ts'
import { say } from '../text.ts'
import { expected, Rejection, scalar } from './scalar.ts'

export const weekdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const frenchDays: ReadonlyMap<string, Weekday> = new Map([
  ['lun', 'mon'],
  ['mar', 'tue'],
  ['mer', 'wed'],
  ['jeu', 'thu'],
  ['ven', 'fri'],
  ['sam', 'sat'],
  ['dim', 'sun'],
])

const timeExpects = say(
  'a time such as `19:00` (00:00 to 24:00)',
  'une heure comme `19:00` (de 00:00 à 24:00)',
)

/** Minutes since midnight, 0..1440. */
export const timeOfDay = () =>
  scalar<number>({
    expects: timeExpects,
    json: { type: 'string', pattern: '^([01]?[0-9]|2[0-4]):[0-5][0-9]$', examples: ['19:00'] },
    parse: (text) => {
      const match = /^(\d{1,2})([:hH])(\d{2})?$/.exec(text)
      const minutes = Number(match?.[1]) * 60 + Number(match?.[3] ?? 0)
      if (!match || Number(match[3] ?? 0) > 59 || minutes > 1440) return undefined
      if (match[2] === ':' && match[3] !== undefined) return minutes
      const written = `${(match[1] ?? '').padStart(2, '0')}:${match[3] ?? '00'}`
      return new Rejection('bad-value', expected(timeExpects), written)
    },
  })

const daysExpects = say(
  'a day or a range of days: `mon`, `mon-fri` (mon, tue, wed, thu, fri, sat, sun)',
  'un jour ou une suite de jours : `mon`, `mon-fri` (mon, tue, wed, thu, fri, sat, sun, du lundi au dimanche)',
)

/** One day, or the days from one to another (`sat-mon` runs over the week's end), in the order of the week. */
export const dayRange = () =>
  scalar<readonly Weekday[]>({
    expects: daysExpects,
    json: { type: 'string', pattern: '^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$' },
    parse: (text) => {
      const ends = text.split('-')
      const names: readonly string[] = weekdays
      const [first, last = first] = ends.map((day) => names.indexOf(day))
      if (ends.length > 2 || first === undefined || last === undefined || first < 0 || last < 0) {
        return new Rejection('bad-days', expected(daysExpects), nearestDays(ends))
      }
      const length = ((last - first + 7) % 7) + 1
      return Array.from({ length }, (_, index) => weekdays[(first + index) % 7] ?? 'mon')
    },
  })

function nearestDays(ends: readonly string[]): string | undefined {
  if (ends.length > 2) return undefined
  const days = ends.map((end) => {
    const start = end.trim().toLowerCase().slice(0, 3)
    return frenchDays.get(start) ?? weekdays.find((day) => day === start) ?? suggest(start, weekdays)
  })
  return days.every((day) => day !== undefined) ? days.join('-') : undefined
}

export type LocalMoment = { readonly at: string; readonly wholeDay: boolean }

/** Wall-clock time `YYYY-MM-DDTHH:MM`, or a whole day `YYYY-MM-DD`. */
export const localMoment = () => {
  const expects = say(
    'a date `2026-10-17` or a time `2026-10-17T08:00`',
    'une date `2026-10-17` ou un instant `2026-10-17T08:00`',
  )
  return scalar<LocalMoment>({
    expects,
    json: { type: 'string', pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2})?$' },
    parse: (text) => {
      const french = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text)
      if (french) {
        const iso = `${french[3]}-${french[2]}-${french[1]}`
        return new Rejection('bad-value', expected(expects), isDay(iso) ? iso : undefined)
      }
      const match = /^(\d{4}-\d{2}-\d{2})(?:[T ]([01]\d|2[0-3]):([0-5]\d))?$/.exec(text)
      const day = match?.[1] ?? ''
      if (!isDay(day)) return undefined
      return match?.[2] === undefined
        ? { at: `${day}T00:00`, wholeDay: true }
        : { at: `${day}T${match[2]}:${match[3]}`, wholeDay: false }
    },
  })
}

/** A real day of the Gregorian calendar: February has no 30th. */
function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

/** An IANA name of a region; offsets and abbreviations are refused, since they know no summer time. */
export const timezone = () => {
  const expects = say(
    'an IANA time zone such as `Europe/Paris`',
    'un fuseau horaire IANA comme `Europe/Paris`',
  )
  return scalar<string>({
    expects,
    json: { type: 'string', examples: ['Europe/Paris'] },
    parse: (text) =>
      isTimezone(text)
        ? text
        : new Rejection(
            'bad-timezone',
            say(`“${text}” is not ${expects.en}.`, `« ${text} » n’est pas ${expects.fr}.`),
            suggest(text, Intl.supportedValuesOf('timeZone')),
          ),
  })
}

const knownZones = new Map<string, boolean>()

/** `UTC`, or `Region/City` as the platform's tz database has it. Remembered: asking the platform takes 50 µs. */
export function isTimezone(text: string): boolean {
  if (text === 'UTC') return true
  if (!/^[A-Z][A-Za-z]+(?:\/[A-Z][A-Za-z_+-]+)+$/.test(text) || text.length > 60) return false
  const known = knownZones.get(text)
  if (known !== undefined) return known
  let valid = true
  try {
    valid = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== undefined
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    valid = false
  }
  if (knownZones.size < 1000) knownZones.set(text, valid)
  return valid
}
