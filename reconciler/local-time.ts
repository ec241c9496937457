/** Between a school's wall clock and instants, daylight saving included. */
import { Temporal } from 'temporal-polyfill'
import type { Instant } from './model/ids.ts'
import type { Locale } from './model/reason.ts'

/** Which of the two instants is meant in the hour that a clock shows twice. */
export type Occurrence = 'first' | 'second'

/**
 * The instant at which a clock of `zone` shows `local`. A time that the clock skips in spring is the instant of the skip: from
 * then on the clock shows a later time. RangeError for an unknown zone (the specs are checked before).
 */
export function instantAt(local: Temporal.PlainDateTime, zone: string, occurrence: Occurrence): Instant {
  const earlier = local.toZonedDateTime(zone, { disambiguation: 'earlier' })
  if (!earlier.toPlainDateTime().equals(local)) {
    const skip = earlier.getTimeZoneTransition('next')
    return (skip ?? earlier).epochMilliseconds
  }
  if (occurrence === 'first') return earlier.epochMilliseconds
  return local.toZonedDateTime(zone, { disambiguation: 'later' }).epochMilliseconds
}

export function dateAt(instant: Instant, zone: string): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone).toPlainDate()
}

const days = {
  en: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
  fr: ['lun.', 'mar.', 'mer.', 'jeu.', 'ven.', 'sam.', 'dim.'],
} as const

const months = {
  en: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
  fr: ['janv.', 'févr.', 'mars', 'avr.', 'mai', 'juin', 'juil.', 'août', 'sept.', 'oct.', 'nov.', 'déc.'],
} as const

/** `Mon 12 Oct 2026, 19:00` or `lun. 12 oct. 2026 à 19:00`, as a clock of `zone` shows it; the same on every computer. */
export function formatInstant(instant: Instant, zone: string, locale: Locale): string {
  const at = Temporal.Instant.fromEpochMilliseconds(Math.trunc(instant)).toZonedDateTimeISO(zone)
  const day = days[locale][at.dayOfWeek - 1]
  const month = months[locale][at.month - 1]
  const time = `${twoDigits(at.hour)}:${twoDigits(at.minute)}`
  const date = `${day} ${locale === 'fr' && at.day === 1 ? '1er' : at.day} ${month} ${at.year}`
  return locale === 'fr' ? `${date} à ${time}` : `${date}, ${time}`
}

const twoDigits = (value: number): string => String(value).padStart(2, '0')
