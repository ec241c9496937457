/** Which night an instant belongs to. */
import { Temporal } from 'temporal-polyfill'
import { dateAt, instantAt } from './local-time.ts'
import type { Instant } from './model/ids.ts'

export type Night = {
  /** The day on whose noon it began, `2026-10-13`. */
  readonly day: string
  readonly from: Instant
}

const noon = Temporal.PlainTime.from('12:00')

/**
 * A night goes from noon to noon of the school's clock, so that 22:00 and 05:00 are one night, and no clock change ever
 * happens where two nights meet.
 */
export function nightAt(now: Instant, zone: string): Night {
  const today = dateAt(now, zone)
  const noonToday = instantAt(today.toPlainDateTime(noon), zone, 'first')
  const day = now < noonToday ? today.subtract({ days: 1 }) : today
  return { day: day.toString(), from: instantAt(day.toPlainDateTime(noon), zone, 'first') }
}

/** Without any window to say when, nights are nights: from eight in the evening to six in the morning. */
export function isDark(now: Instant, zone: string): boolean {
  const { hour } = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone)
  return hour >= 20 || hour < 6
}
