/** When work of a given length may start, at any instant ahead: what a forecast asks of maintenance windows. */
import type { Effect, Window } from '../specs/desired.ts'
import { entryOf } from './entry.ts'
import type { Instant } from './model/ids.ts'
import { createTimetable, type Interval, type Timetable } from './timetable.ts'

export type OpeningSearch = {
  /** The first instant from `from` on at which something of this effect may start that takes `neededMs`, and when its window ends. Undefined: within 400 days there is none. */
  first(effect: Effect, from: Instant, neededMs: number): Interval | undefined
  /** How long it is open for this effect between two instants. */
  openMs(effect: Effect, from: Instant, to: Instant): number
}

/** Worked out once for equal windows, whoever has them: a region of 15,000 PCs has some ten timetables. Asked about `now` and later only. */
export function createOpeningSearches(
  now: Instant,
): (windows: readonly Window[], zone: string) => OpeningSearch {
  const byList = new Map<readonly Window[], Map<string, OpeningSearch>>()
  const byContent = new Map<string, OpeningSearch>()
  return (windows, zone) => {
    const zones = entryOf(byList, windows, () => new Map<string, OpeningSearch>())
    return entryOf(zones, zone, () => {
      const content = `${zone}\n${JSON.stringify(windows, withoutOrigin)}`
      return entryOf(byContent, content, () => searchOf(createTimetable(windows, zone, now)))
    })
  }
}

function searchOf(timetable: Timetable): OpeningSearch {
  return {
    first(effect, from, neededMs) {
      do {
        for (const interval of after(timetable.open(effect), from)) {
          const start = Math.max(from, interval.from)
          // The last interval may go on where the timetable has not been worked out yet.
          if (start + neededMs <= interval.to) return { from: start, to: interval.to }
        }
      } while (timetable.extend())
      return undefined
    },
    openMs(effect, from, to) {
      while (timetable.end() < to && timetable.extend());
      let sumMs = 0
      for (const interval of after(timetable.open(effect), from)) {
        if (interval.from >= to) break
        sumMs += Math.min(to, interval.to) - Math.max(from, interval.from)
      }
      return sumMs
    },
  }
}

/** Those that are not over at `from`, found by halving: a year of nights is asked about for every PC. */
function* after(intervals: readonly Interval[], from: Instant): Iterable<Interval> {
  let low = 0
  let high = intervals.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((intervals[middle]?.to ?? from) <= from) low = middle + 1
    else high = middle
  }
  for (; low < intervals.length; low++) {
    const interval = intervals[low]
    if (interval !== undefined) yield interval
  }
}

/** Where a window was written does not change when it opens. */
const withoutOrigin = (key: string, value: unknown): unknown => (key === 'origin' ? undefined : value)
