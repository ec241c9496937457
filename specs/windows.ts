import type { Compilation } from './compilation.ts'
import type { LocalRange, Window } from './desired.ts'
import { weekdays } from './schema/time.ts'
import type { WindowSpec } from './schema/window.ts'
import type { SourceDocument } from './source-document.ts'
import { placeAt, placeOfKey, type SourcePath } from './source-path.ts'
import { positionOf } from './source-text.ts'
import { say } from './text.ts'

const dayMinutes = 1440
const weekMinutes = 7 * dayMinutes

/**
 * A layer's list of windows. A list of denials alone means “at any other time”. Lists under which nothing could ever start
 * are refused.
 */
export function compileWindows(
  specs: readonly WindowSpec[],
  document: SourceDocument,
  path: SourcePath,
  compilation: Compilation,
): readonly Window[] {
  const before = compilation.findings.errorCount()
  const windows: Window[] = []
  for (const [index, spec] of specs.entries()) {
    const window = compileWindow(spec, document, [...path, index], compilation)
    if (window) windows.push(window)
  }
  const complete = windows.length === specs.length && compilation.findings.errorCount() === before
  if (complete && windows.length > 0 && neverOpen(windows)) {
    compilation.findings.error(
      placeOfKey(document, path),
      'windows-never-open',
      say(
        'With these windows nothing can ever start: what is open is denied as well, or is a calendar without events.',
        'Avec ces fenêtres, rien ne peut jamais commencer : ce qui est ouvert est aussi interdit, ou est un calendrier sans événement.',
      ),
    )
  }
  return windows
}

function compileWindow(
  spec: WindowSpec,
  document: SourceDocument,
  path: SourcePath,
  compilation: Compilation,
): Window | undefined {
  const place = placeAt(document, path)
  const weekly = spec.days !== undefined || spec.from !== undefined || spec.to !== undefined
  const forms = Number(weekly) + Number(spec.calendar !== undefined) + Number(spec.always === true)
  if (forms !== 1) {
    compilation.findings.error(
      place,
      'bad-window',
      say(
        'A window has either `days`, `from` and `to`, or a `calendar`, or `always: true`.',
        'Une fenêtre a soit `days`, `from` et `to`, soit un `calendar`, soit `always: true`.',
      ),
    )
    return undefined
  }
  const common = {
    deny: spec.deny ?? false,
    allow: spec.allow ?? 'destructive',
    origin: positionOf(place),
  } as const
  if (spec.always === true) return { ...common, span: { kind: 'always' } }
  if (spec.calendar !== undefined) {
    const found = compilation.catalog.find(
      'Calendar',
      spec.calendar,
      placeAt(document, [...path, 'calendar']),
    )
    const ranges = compilation.calendars.get(spec.calendar)
    return found && ranges
      ? { ...common, span: { kind: 'calendar', calendar: spec.calendar, ranges } }
      : undefined
  }
  const fromMinute = spec.from ?? 0
  const toMinute = spec.to ?? dayMinutes
  const written = new Set(spec.days?.flat() ?? weekdays)
  if (fromMinute === toMinute || written.size === 0 || fromMinute === dayMinutes) {
    compilation.findings.error(
      place,
      'window-never-opens',
      say(
        'This window never opens: it ends when it begins, or has no days. For whole days leave out `from` and `to`.',
        'Cette fenêtre ne s’ouvre jamais : elle se termine à l’heure où elle commence, ou n’a aucun jour. Pour des jours entiers, retirez `from` et `to`.',
      ),
    )
    return undefined
  }
  return {
    ...common,
    span: { kind: 'weekly', days: weekdays.filter((day) => written.has(day)), fromMinute, toMinute },
  }
}

/** Judged by the week and by the calendars' ranges, without daylight saving: an hour more or less opens nothing that is shut all year. */
function neverOpen(windows: readonly Window[]): boolean {
  const denied = new Uint8Array(weekMinutes)
  const deniedRanges: LocalRange[] = []
  for (const { deny, span } of windows) {
    if (!deny) continue
    if (span.kind === 'always') return true
    if (span.kind === 'weekly') markWeek(denied, span)
    else deniedRanges.push(...span.ranges)
  }
  if (!denied.includes(0)) return true
  const open = windows.filter(({ deny }) => !deny)
  return open.length > 0 && open.every(({ span }) => isShut(span, denied, deniedRanges))
}

function isShut(span: Window['span'], denied: Uint8Array, deniedRanges: readonly LocalRange[]): boolean {
  switch (span.kind) {
    case 'always':
      return false
    case 'weekly': {
      const open = new Uint8Array(weekMinutes)
      markWeek(open, span)
      return open.every((minute, index) => minute === 0 || denied[index] === 1)
    }
    case 'calendar':
      return span.ranges.every((range) => isCovered(range, deniedRanges))
  }
}

function markWeek(week: Uint8Array, span: Extract<Window['span'], { kind: 'weekly' }>): void {
  const length =
    span.toMinute > span.fromMinute
      ? span.toMinute - span.fromMinute
      : dayMinutes - span.fromMinute + span.toMinute
  for (const day of span.days) {
    const start = weekdays.indexOf(day) * dayMinutes + span.fromMinute
    for (let minute = 0; minute < length; minute += 1) week[(start + minute) % weekMinutes] = 1
  }
}

/** Whether ranges of the same zone leave nothing of this one. */
function isCovered(range: LocalRange, by: readonly LocalRange[]): boolean {
  let reached = range.from
  for (const { from, to } of by
    .filter(({ zone }) => zone === range.zone)
    .toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    if (from <= reached && to > reached) reached = to
  }
  return reached >= range.to
}
