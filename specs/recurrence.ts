/**
 * The occurrences of an iCalendar recurrence rule (RFC 5545, 3.3.10), day by day. Only rules that end (COUNT or UNTIL) and that
 * say which days by weekday, month and day of the month: what school calendars use. Walking the days is bounded whatever the
 * rule says; the library's iterator never returns from a rule that matches no day (`FREQ=DAILY;INTERVAL=7;BYDAY=MO` from a Tuesday).
 *
 * Times are wall-clock times as milliseconds, as if they were UTC.
 */
export type RecurrenceRule = {
  readonly freq: string
  readonly interval: number
  readonly count: number | null
  /** Wall-clock, included. */
  readonly until: number | null
  readonly parts: Readonly<Record<string, readonly (string | number)[]>>
}

const dayMs = 86_400_000
const mostDays = 3660
const mostOccurrences = 4000
const weekdayNames = ['SU', 'MO', 'TU', 'WE', 'TH', 'FR', 'SA']
const knownParts: ReadonlySet<string> = new Set(['BYDAY', 'BYMONTH', 'BYMONTHDAY'])

/** Undefined: not a rule that can be expanded here. */
export function occurrences(start: number, rule: RecurrenceRule): readonly number[] | undefined {
  if (!isSupported(rule)) return undefined
  const found: number[] = []
  const most = Math.min(rule.count ?? mostOccurrences, mostOccurrences)
  for (let index = 0; index < mostDays && found.length < most; index += 1) {
    const at = start + index * dayMs
    if (rule.until !== null && at > rule.until) break
    if (matches(new Date(at), new Date(start), rule)) found.push(at)
  }
  return found
}

function isSupported(rule: RecurrenceRule): boolean {
  if (!['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'].includes(rule.freq) || !(rule.interval >= 1)) return false
  if (rule.count === null && rule.until === null) return false
  if (!Object.keys(rule.parts).every((part) => knownParts.has(part))) return false
  const ordinals = (rule.parts['BYDAY'] ?? []).some((day) => String(day).length > 2)
  return (
    !ordinals || rule.freq === 'MONTHLY' || (rule.freq === 'YEARLY' && rule.parts['BYMONTH'] !== undefined)
  )
}

function matches(day: Date, start: Date, rule: RecurrenceRule): boolean {
  return (
    isInPeriod(day, start, rule) &&
    byDay(day, start, rule) &&
    byMonth(day, start, rule) &&
    byMonthDay(day, start, rule)
  )
}

/** Whether the day's period (day, week from Monday, month, year) is one of every `interval`. */
function isInPeriod(day: Date, start: Date, { freq, interval }: RecurrenceRule): boolean {
  const days = Math.floor(day.getTime() / dayMs) - Math.floor(start.getTime() / dayMs)
  switch (freq) {
    case 'DAILY':
      return days % interval === 0
    case 'WEEKLY':
      return Math.floor((days + ((start.getUTCDay() + 6) % 7)) / 7) % interval === 0
    case 'MONTHLY':
      return (
        ((day.getUTCFullYear() - start.getUTCFullYear()) * 12 + day.getUTCMonth() - start.getUTCMonth()) %
          interval ===
        0
      )
    default:
      return (day.getUTCFullYear() - start.getUTCFullYear()) % interval === 0
  }
}

function byDay(day: Date, start: Date, { freq, parts }: RecurrenceRule): boolean {
  const wanted = parts['BYDAY']
  if (!wanted) return freq !== 'WEEKLY' || day.getUTCDay() === start.getUTCDay()
  const date = day.getUTCDate()
  const length = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate()
  return wanted.some((each) => {
    const match = /^([+-]?\d+)?([A-Z]{2})$/.exec(String(each))
    if (!match || match[2] !== weekdayNames[day.getUTCDay()]) return false
    const ordinal = Number(match[1] ?? 0)
    if (ordinal === 0) return true
    return ordinal > 0 ? Math.ceil(date / 7) === ordinal : Math.ceil((length - date + 1) / 7) === -ordinal
  })
}

function byMonth(day: Date, start: Date, { freq, parts }: RecurrenceRule): boolean {
  const wanted = parts['BYMONTH']
  if (wanted) return wanted.map(Number).includes(day.getUTCMonth() + 1)
  return freq !== 'YEARLY' || day.getUTCMonth() === start.getUTCMonth()
}

function byMonthDay(day: Date, start: Date, { freq, parts }: RecurrenceRule): boolean {
  const wanted = parts['BYMONTHDAY']?.map(Number)
  const length = new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 0)).getUTCDate()
  if (wanted) return wanted.some((date) => (date < 0 ? length + date + 1 : date) === day.getUTCDate())
  const byWeekday = parts['BYDAY'] !== undefined
  return byWeekday || freq === 'DAILY' || freq === 'WEEKLY' || day.getUTCDate() === start.getUTCDate()
}
