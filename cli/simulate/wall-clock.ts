/**
 * Whether maintenance windows are open at an instant, worked out from the wall clock of the place: another way than the
 * reconciler's, which lays windows out as intervals, so that a mistake of the one is seen by the other.
 */
import type { Effect, Weekday, Window } from '../../specs/desired.ts'

const ranks: Readonly<Record<Effect, number>> = { quiet: 0, disruptive: 1, destructive: 2 }
const weekdays: readonly Weekday[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

export type WallClock = {
  /** `2026-10-17T08:15`, minute of the day, and day of the week. */
  readonly text: string
  readonly minute: number
  readonly day: number
}

const formats = new Map<string, Intl.DateTimeFormat>()

/** Of each zone the minute that was asked for last: a region starts hundreds of actions in one. */
const latest = new Map<string, { readonly minute: number; readonly clock: WallClock }>()

export const wallClock = (instant: number, zone: string): WallClock => {
  const minute = Math.floor(instant / 60_000)
  const known = latest.get(zone)
  if (known?.minute === minute) return known.clock
  const clock = workedOut(instant, zone)
  latest.set(zone, { minute, clock })
  return clock
}

const workedOut = (instant: number, zone: string): WallClock => {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    })
  formats.set(zone, format)
  const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]))
  const date = `${parts['year']}-${parts['month']}-${parts['day']}`
  return {
    text: `${date}T${parts['hour']}:${parts['minute']}`,
    minute: Number(parts['hour']) * 60 + Number(parts['minute']),
    day: new Date(`${date}T00:00:00Z`).getUTCDay(),
  }
}

/** No allowing window at all: open wherever nothing denies. */
export const isOpenFor = (
  windows: readonly Window[],
  zone: string,
  effect: Effect,
  instant: number,
): boolean => {
  const local = wallClock(instant, zone)
  const contains = (window: Window): boolean => covers(window, local, zone, instant)
  if (windows.some((window) => window.deny && contains(window))) return false
  const allowing = windows.filter((window) => !window.deny)
  if (allowing.length === 0) return true
  return allowing.some((window) => ranks[window.allow] >= ranks[effect] && contains(window))
}

const covers = ({ span }: Window, local: WallClock, zone: string, instant: number): boolean => {
  switch (span.kind) {
    case 'always':
      return true
    case 'calendar':
      return span.ranges.some(({ from, to, zone: own }) => {
        const at = own === undefined || own === zone ? local.text : wallClock(instant, own).text
        return from <= at && at < to
      })
    case 'weekly': {
      const { days, fromMinute, toMinute } = span
      const isOn = (day: number): boolean => days.includes(weekdays[(day + 7) % 7] ?? 'sun')
      if (toMinute > fromMinute)
        return isOn(local.day) && fromMinute <= local.minute && local.minute < toMinute
      return (
        (isOn(local.day) && fromMinute <= local.minute) || (isOn(local.day - 1) && local.minute < toMinute)
      )
    }
  }
}
