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
  const days = layOut(windows, zone, now)
  let step = 0
  return {
    open: (effect) => {
      const to = days.end(step)
      return days.open(effect, step).flatMap((one) => cut(one, now, to))
    },
    end: () => days.end(step),
    extend: () => {
      if (step === steps.length - 1) return false
      step++
      return true
    },
    current: () => days.spans(step).filter((span) => span.from <= now && now < span.to),
  }
}

const cut = ({ from, to }: Interval, first: Instant, last: Instant): readonly Interval[] => {
  const cut = { from: Math.max(from, first), to: Math.min(to, last) }
  return cut.from < cut.to ? [cut] : []
}

/** What the windows make of the days from yesterday on: the same all day long, whatever the hour. Each step is worked out when it is asked for first. */
type Days = {
  readonly from: Instant
  readonly to: Instant
  end(step: number): Instant
  spans(step: number): readonly Span[]
  /** In order, disjoint. */
  open(effect: Effect, step: number): readonly Interval[]
}

/** Worked out once for a list of windows and a day: a machine is decided on again whenever something happens to it. */
const laidOut = new WeakMap<readonly Window[], Map<string, Days>>()

function layOut(windows: readonly Window[], zone: string, now: Instant): Days {
  const zones = laidOut.get(windows) ?? new Map<string, Days>()
  laidOut.set(windows, zones)
  const known = zones.get(zone)
  if (known !== undefined && known.from <= now && now < known.to) return known
  const days = daysFrom(dateAt(now, zone), windows, zone)
  zones.set(zone, days)
  return days
}

type Step = {
  readonly end: Instant
  readonly spans: readonly Span[]
  readonly open: Map<Effect, readonly Interval[]>
}

function daysFrom(today: Temporal.PlainDate, windows: readonly Window[], zone: string): Days {
  const midnight = (date: Temporal.PlainDate): Instant => instantAt(date.toPlainDateTime(), zone, 'first')
  const weekly = windows.filter((window) => window.span.kind === 'weekly')
  const known: Step[] = []

  /** From yesterday on: a window of last night may still be open. */
  const weeklySpans = (from: number, to: number): readonly Span[] =>
    Array.from({ length: to - from }, (_, index) => today.add({ days: from + index })).flatMap((date) =>
      weekly.flatMap((window) => weeklySpan(window, date, zone)),
    )

  const stepAt = (step: number): Step => {
    for (let next = known.length; next <= step; next++) {
      const days = steps[next] ?? horizonDays
      const before = known[next - 1]
      const spans =
        before === undefined
          ? [...windows.flatMap((window) => fixedSpans(window, zone)), ...weeklySpans(-1, days)]
          : [...before.spans, ...weeklySpans(steps[next - 1] ?? 0, days)]
      known.push({ end: midnight(today.add({ days })), spans, open: new Map() })
    }
    const found = known[step]
    if (found === undefined) throw new RangeError(`there is no step ${step}`)
    return found
  }

  const opened = (spans: readonly Span[], effect: Effect): readonly Interval[] => {
    const allowed = windows.some((window) => !window.deny)
      ? union(spans.filter((span) => !span.window.deny && isWithin(effect, span.window.allow)))
      : [{ from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }]
    return without(allowed, union(spans.filter((span) => span.window.deny)))
  }

  return {
    from: midnight(today),
    to: midnight(today.add({ days: 1 })),
    end: (step) => stepAt(step).end,
    spans: (step) => stepAt(step).spans,
    open: (effect, step) => {
      const { open, spans } = stepAt(step)
      const result = open.get(effect) ?? opened(spans, effect)
      open.set(effect, result)
      return result
    },
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
function weeklySpan(window: Window, date: Temporal.PlainDate, zone: string): readonly Span[] {
  if (window.span.kind !== 'weekly') return []
  const weekday = weekdays[date.dayOfWeek - 1]
  if (weekday === undefined || !window.span.days.includes(weekday)) return []
  const { fromMinute, toMinute } = window.span
  const midnight = date.toPlainDateTime()
  const ends = toMinute <= fromMinute ? midnight.add({ days: 1 }) : midnight
  return toSpan(midnight.add({ minutes: fromMinute }), ends.add({ minutes: toMinute }), zone, window)
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
