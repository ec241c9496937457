import type { Instant } from '../../reconciler/model/ids.ts'
import { formatDuration } from '../../specs/duration.ts'
import type { Locale } from '../../specs/text.ts'

const dayMs = 86_400_000

const tags: Readonly<Record<Locale, string>> = { en: 'en-GB', fr: 'fr-FR' }

const formatters = new Map<string, Intl.DateTimeFormat>()

/** Making a formatter costs a millisecond, and a table needs it for each of its rows. */
const formatter = (locale: Locale, timezone: string, what: 'day' | 'time' | 'date'): Intl.DateTimeFormat => {
  const key = `${locale} ${timezone} ${what}`
  const known = formatters.get(key)
  if (known) return known
  const made = new Intl.DateTimeFormat(tags[locale], { timeZone: timezone, ...shapes[what] })
  formatters.set(key, made)
  return made
}

const shapes: Readonly<Record<'day' | 'time' | 'date', Intl.DateTimeFormatOptions>> = {
  day: { year: 'numeric', month: '2-digit', day: '2-digit' },
  time: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  date: { weekday: 'short', day: 'numeric', month: 'short' },
}

/** When something will be, or was, by the wall clock of the place: `19:00`, `tomorrow 06:00`, `Fri, 19 Jun 18:00`. */
export const formatMoment = (at: Instant, now: Instant, timezone: string, locale: Locale): string => {
  const day = (instant: Instant): string => formatter(locale, timezone, 'day').format(instant)
  const time = formatter(locale, timezone, 'time').format(at)
  if (day(at) === day(now)) return time
  if (day(at) === day(now + dayMs)) return `${locale === 'fr' ? 'demain' : 'tomorrow'} ${time}`
  if (day(at) === day(now - dayMs)) return `${locale === 'fr' ? 'hier' : 'yesterday'} ${time}`
  const date = formatter(locale, timezone, 'date').format(at)
  const year = Math.abs(at - now) > 300 * dayMs ? ` ${day(at).slice(-4)}` : ''
  return `${date}${year} ${time}`
}

/** `3 min ago`; never negative, since clocks of several machines meet here. */
export const formatAgo = (at: Instant, now: Instant, locale: Locale): string => {
  const ms = now - at
  if (ms < 1000) return locale === 'fr' ? 'à l’instant' : 'just now'
  const duration = formatDuration(ms, locale)
  return locale === 'fr' ? `il y a ${duration}` : `${duration} ago`
}
