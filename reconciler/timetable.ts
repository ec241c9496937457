/**
 * The instants between which a list of windows is open, worked out from `now` on, as far ahead as somebody asks.
 *
 * Windows are written in wall-clock time and compared as instants. On the two nights of the year when the clock jumps:
 * a time that is skipped stands for the skip itself; of a time that comes twice, an opening and a closing mean the first,
 * and the end of a deny window the second, so that what is denied is denied for as long as the clock could mean it.
 */
import { Temporal } from 'temporal-polyfill'
import type { Effect, Weekday, Window } from '../specs/desired.ts'
import { dateAt, instantAt } from './local-time.ts'
import type { Instant } from './model/ids.ts'

/** Half open: `to` is not in it. */
export type Interval = { readonly from: Instant; readonly to: Instant }

/** An interval that one window makes. */
export type Span = Interval & { readonly window: Window }

/** How far ahead an opening is looked for: a year of school holidays and a margin. */
const horizonDays = 400
/** What is worked out at a time: most questions are answered by tonight, hardly any by next year. */
const steps = [3, 10, 40, 130, horizonDays] as const

const weekdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']

const ranks: Readonly<Record<Effect, number>> = { quiet: 0, disruptive: 1, destructive: 2 }

/** Whether something of this effect may be done where at most `ceiling` is allowed. */
export const isWithin = (effect: Effect, ceiling: Effect): boolean => ranks[effect] <= ranks[ceiling]

export type Timetable = {
  /** What is open for an effect from `now` on, in order, disjoint, cut at `end`. */
  open(effect: Effect): readonly Interval[]
  /** How far this has been worked out. */
  end(): Instant
  /** Works out more; false at the horizon. */
  extend(): boolean
  /** The spans that contain `now`, in the order of the windows. */
  current(): readonly Span[]
}

export function createTimetable(windows: readonly Window[], zone: string, now: Instant): Timetable {
  const today = dateAt(now, zone)
  const spans: Span[] = windows.flatMap((window) => fixedSpans(window, zone))
  const weekly = windows.filter((window) => window.span.kind === 'weekly')
  let step = -1
  let end = now
  let nextDay = -1
  let cache = new Map<Effect, readonly Interval[]>()

  const extend = (): boolean => {
    const days = steps[step + 1]
    if (days === undefined) return false
    step++
    // From yesterday on: a window of last night may still be open.
    for (; nextDay < days; nextDay++) {
      const date = today.add({ days: nextDay })
      for (const window of weekly) {
        const span = weeklySpan(window, date, zone)
        if (span !== undefined) spans.push(span)
      }
    }
    end = instantAt(today.add({ days }).toPlainDateTime(), zone, 'first')
    cache = new Map()
    return true
  }

  const open = (effect: Effect): readonly Interval[] => {
    const known = cache.get(effect)
    if (known !== undefined) return known
    const clip = { from: now, to: end }
    const allowed = windows.some((window) => !window.deny)
      ? union(spans.filter((span) => !span.window.deny && isWithin(effect, span.window.allow)))
      : [clip]
    const result = without(allowed, union(spans.filter((span) => span.window.deny))).flatMap((one) => {
      const from = Math.max(one.from, clip.from)
      const to = Math.min(one.to, clip.to)
      return from < to ? [{ from, to }] : []
    })
    cache.set(effect, result)
    return result
  }

  extend()
  return {
    open,
    extend,
    end: () => end,
    current: () => spans.filter((span) => span.from <= now && now < span.to),
  }
}

/** Calendars and `always`: all that they will ever be. */
function fixedSpans(window: Window, zone: string): Span[] {
  switch (window.span.kind) {
    case 'weekly':
      return []
    case 'always':
      return [{ from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, window }]
    case 'calendar':
      return window.span.ranges.flatMap((range) =>
        toSpan(
          Temporal.PlainDateTime.from(range.from),
          Temporal.PlainDateTime.from(range.to),
          range.zone ?? zone,
          window,
        ),
      )
  }
}

/** What a weekly window makes of one date: the span that begins on it, if it does. */
function weeklySpan(window: Window, date: Temporal.PlainDate, zone: string): Span | undefined {
  if (window.span.kind !== 'weekly') return undefined
  const weekday = weekdays[date.dayOfWeek - 1]
  if (weekday === undefined || !window.span.days.includes(weekday)) return undefined
  const { fromMinute, toMinute } = window.span
  const midnight = date.toPlainDateTime()
  const ends = toMinute <= fromMinute ? midnight.add({ days: 1 }) : midnight
  return toSpan(midnight.add({ minutes: fromMinute }), ends.add({ minutes: toMinute }), zone, window)[0]
}

function toSpan(
  from: Temporal.PlainDateTime,
  to: Temporal.PlainDateTime,
  zone: string,
  window: Window,
): Span[] {
  const span = {
    from: instantAt(from, zone, 'first'),
    to: instantAt(to, zone, window.deny ? 'second' : 'first'),
    window,
  }
  return span.from < span.to ? [span] : []
}

/** Sorted, and joined where they touch. */
function union(intervals: readonly Interval[]): readonly Interval[] {
  const joined: { from: Instant; to: Instant }[] = []
  for (const { from, to } of intervals.toSorted((a, b) => a.from - b.from || a.to - b.to)) {
    const last = joined.at(-1)
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else joined.push({ from, to })
  }
  return joined
}

/** Both sorted and disjoint; one walk over each. */
function without(intervals: readonly Interval[], holes: readonly Interval[]): readonly Interval[] {
  const rest: Interval[] = []
  let next = 0
  for (const { from, to } of intervals) {
    while ((holes[next]?.to ?? Number.POSITIVE_INFINITY) <= from) next++
    let start = from
    for (let index = next; start < to; index++) {
      const hole = holes[index]
      if (hole === undefined || hole.from >= to) {
        rest.push({ from: start, to })
        break
      }
      if (hole.from > start) rest.push({ from: start, to: hole.from })
      start = hole.to
    }
  }
  return rest
}
