/** Time from left to right, with the nights behind it; a count from below. */
import { Temporal } from 'temporal-polyfill'
import type { Instant } from '../../reconciler/model/ids.ts'
import { formatCount } from '../../reconciler/wording.ts'
import type { Locale } from '../../specs/text.ts'
import { element, escaped } from './picture-parts.ts'

export type Frame = {
  readonly from: Instant
  readonly to: Instant
  readonly timezone: string
  readonly locale: Locale
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

export const scaleX = ({ from, to, left, right }: Frame, at: Instant): number =>
  left + ((right - left) * (Math.min(Math.max(at, from), to) - from)) / Math.max(1, to - from)

/** @param above how far over the frame its title stands, clear of what is told of instants. */
export const axes = (frame: Frame, most: number, title: string, above: number): readonly string[] => [
  ...nights(frame),
  ...steps(frame, most),
  element('text', { x: frame.left, y: frame.top - above, fill: '#5d6d7e' }, escaped(title)),
  ...days(frame),
]

/** From seven in the evening to seven in the morning. */
const nights = (frame: Frame): readonly string[] =>
  datesOf(frame).map((date) => {
    const begins = at(frame, date, 19)
    const ends = at(frame, date.add({ days: 1 }), 7)
    const x = scaleX(frame, begins)
    const width = Math.max(0, scaleX(frame, ends) - x)
    return element('rect', {
      x,
      y: frame.top,
      width,
      height: frame.bottom - frame.top,
      fill: '#eef2f6',
    })
  })

const steps = (frame: Frame, most: number): readonly string[] => {
  const step = niceStep(most)
  const lines: string[] = []
  for (let value = 0; value <= most; value += step) {
    const y = frame.bottom - ((frame.bottom - frame.top) * value) / most
    lines.push(
      element('line', {
        x1: frame.left,
        x2: frame.right,
        y1: y,
        y2: y,
        stroke: '#d5dbe1',
        'stroke-width': 1,
      }),
      element(
        'text',
        { x: frame.left - 8, y: y + 4, 'text-anchor': 'end', fill: '#5d6d7e' },
        escaped(formatCount(value, frame.locale)),
      ),
    )
  }
  return lines
}

/** Four or so lines, at round numbers. */
const niceStep = (most: number): number => {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, most / 4)))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one * 5 >= most)
  return Math.max(1, step ?? power * 10)
}

const days = (frame: Frame): readonly string[] => {
  const format = new Intl.DateTimeFormat(frame.locale === 'fr' ? 'fr-FR' : 'en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    timeZone: frame.timezone,
  })
  const dates = datesOf(frame)
  const every = Math.ceil(dates.length / 12)
  return dates.flatMap((date, index) => {
    const noon = at(frame, date, 12)
    if (index % every !== 0 || noon < frame.from || noon > frame.to) return []
    const x = scaleX(frame, noon)
    return [
      element(
        'text',
        { x, y: frame.bottom + 18, 'text-anchor': 'middle', fill: '#5d6d7e' },
        escaped(format.format(noon)),
      ),
    ]
  })
}

const datesOf = ({ from, to, timezone }: Frame): readonly Temporal.PlainDate[] => {
  const first = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(timezone).toPlainDate()
  const count = Math.ceil((to - from) / 86_400_000) + 2
  return Array.from({ length: count }, (_, index) => first.add({ days: index - 1 }))
}

const at = ({ timezone }: Frame, date: Temporal.PlainDate, hour: number): Instant =>
  date.toZonedDateTime({ timeZone: timezone, plainTime: Temporal.PlainTime.from({ hour }) }).epochMilliseconds
