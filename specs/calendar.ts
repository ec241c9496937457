import { readCompanion } from './companion.ts'
import type { Compilation } from './compilation.ts'
import type { LocalRange } from './desired.ts'
import { readICalendar } from './icalendar.ts'
import type { Spec } from './read-spec.ts'
import type { CalendarSpec } from './schema/calendar.ts'
import { placeAt } from './source-path.ts'
import { say } from './text.ts'

export type CalendarRanges = readonly LocalRange[]

/** A calendar's ranges in order, from its file or as written out. Undefined, with findings, if they cannot be had. */
export function compileCalendar(
  calendar: Spec<'Calendar'>,
  compilation: Pick<Compilation, 'files' | 'findings'>,
): CalendarRanges | undefined {
  const { spec, document, complete } = calendar
  if (!complete) return undefined
  if ((spec.file === undefined) === (spec.ranges === undefined)) {
    compilation.findings.error(
      placeAt(document, []),
      'file-or-ranges',
      say(
        'A calendar has either a `file` (iCalendar) or `ranges`.',
        'Un calendrier a soit un `file` (iCalendar), soit des `ranges`.',
      ),
    )
    return undefined
  }
  if (spec.file !== undefined) {
    const source = readCompanion(spec.file, placeAt(document, ['file']), compilation)
    return source && readICalendar(source, compilation.findings)
  }
  return writtenRanges(calendar, spec.ranges ?? [], compilation)
}

function writtenRanges(
  { document }: Spec<'Calendar'>,
  ranges: NonNullable<CalendarSpec['ranges']>,
  { findings }: Pick<Compilation, 'findings'>,
): CalendarRanges | undefined {
  const compiled: LocalRange[] = []
  let sound = true
  for (const [index, { from, to, summary }] of ranges.entries()) {
    const end = to.wholeDay ? nextDay(to.at) : to.at
    if (end <= from.at) {
      sound = false
      findings.error(
        placeAt(document, ['ranges', index]),
        'empty-range',
        say(
          'This range ends before it begins; exchange `from` and `to`.',
          'Cette période se termine avant de commencer ; échangez `from` et `to`.',
        ),
      )
    }
    compiled.push({ from: from.at, to: end, ...(summary === undefined ? {} : { summary }) })
  }
  return sound ? compiled.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0)) : undefined
}

const nextDay = (day: string): string =>
  new Date(Date.parse(`${day.slice(0, 10)}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 16)
