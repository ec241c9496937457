/** When a school is open, in its own time zone. */
import { Temporal } from 'temporal-polyfill'
import type { Instant } from '../../reconciler/model/ids.ts'
import type { LocalRange } from '../../specs/desired.ts'

export type SchoolDay = {
  /** `2026-09-01`. */
  readonly date: string
  /** So many minutes after midnight. */
  at(minute: number): Instant
}

/** Each hour is a lesson or none, in each room. */
export const lessonHours: readonly number[] = [8, 9, 10, 11, 13, 14, 15, 16]

/** The next day from `after` on, whose morning is still to come. */
export const nextDay = (zone: string, after: Instant): SchoolDay => {
  const local = Temporal.Instant.fromEpochMilliseconds(after).toZonedDateTimeISO(zone)
  const date = local.hour >= 6 ? local.toPlainDate().add({ days: 1 }) : local.toPlainDate()
  // Counted from six in the morning: the clock jumps in the hours before.
  const six = date.toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from({ hour: 6 }) })
  return {
    date: date.toString(),
    at: (minute) => six.epochMilliseconds + (minute - 6 * 60) * 60_000,
  }
}

/** Saturdays, Sundays, and holidays are none. */
export const isSchoolDay = (date: string, holidays: readonly LocalRange[]): boolean => {
  if (Temporal.PlainDate.from(date).dayOfWeek > 5) return false
  const noon = `${date}T12:00`
  return !holidays.some(({ from, to }) => from <= noon && noon < to)
}
