import type { Explanation, ExplanationLine } from '../../reconciler/explain.ts'
import type { Instant } from '../../reconciler/model/ids.ts'
import type { Decision } from '../../reconciler/model/plan.ts'
import type { DesiredMachine } from '../../specs/desired.ts'
import { type Locale, say } from '../../specs/text.ts'
import { decisionMark } from './decision.ts'
import { iso } from './instant.ts'
import { formatAgo, formatMoment } from './moment.ts'
import { decisionJson } from './plan-json.ts'
import { indentedOutput } from './reason.ts'
import type { Terminal } from './terminal.ts'
import { padEnd, width, wrap } from './width.ts'

/** Texts to the left, where each was written to the right, in one column a section as far as it fits. */
export const printExplanation = (
  explanation: Explanation,
  machine: DesiredMachine,
  decision: Decision | undefined,
  now: Instant,
  locale: Locale,
  out: Terminal,
): void => {
  const { colors } = out
  const mark = decisionMark(decision?.kind ?? 'unknown', colors)
  const address = machine.address === undefined ? '' : `  ${machine.address}`
  out.line(`${mark} ${colors.bold(machine.id)}  ${colors.dim(`${machine.mac}${address}`)}`)
  for (const section of explanation.sections) {
    out.line()
    out.line(colors.bold(section.title[locale]))
    const column = Math.min(44, Math.max(...section.lines.map((line) => width(line.text[locale]))))
    for (const line of section.lines) {
      for (const printed of renderLine(line, column, { now, timezone: explanation.timezone, locale }, out)) {
        out.line(`  ${printed}`)
      }
    }
  }
}

const renderLine = (
  line: ExplanationLine,
  column: number,
  moment: { readonly now: Instant; readonly timezone: string; readonly locale: Locale },
  out: Terminal,
): readonly string[] => {
  const { now, timezone, locale } = moment
  const { colors } = out
  const asides = [
    ...(line.origin ? [`${line.origin.file}:${line.origin.line}`] : []),
    ...(line.layer ? [line.layer[locale]] : []),
    ...(line.at === undefined ? [] : [formatAgo(line.at, now, locale)]),
    ...(line.until === undefined
      ? []
      : [`${say('until', 'jusqu’à')[locale]} ${formatMoment(line.until, now, timezone, locale)}`]),
  ]
  const text = wrap(line.text[locale], out.columns() - 4)
  const last = text.at(-1) ?? ''
  const aside = asides.length === 0 ? '' : `  ${colors.dim(asides.join(', '))}`
  return [
    ...text.slice(0, -1),
    `${aside === '' ? last : padEnd(last, column)}${aside}`,
    ...(line.detail === undefined ? [] : indentedOutput(line.detail, '    ').map((one) => colors.dim(one))),
  ]
}

/** For programs. `sections` are those of the text, in the locale; `decision` is as in `plan --json`. */
export const explanationJson = (
  explanation: Explanation,
  machine: DesiredMachine,
  decision: Decision | undefined,
  locale: Locale,
) => ({
  machine: machine.id,
  lycee: machine.site,
  room: machine.room,
  mac: machine.mac,
  ...(machine.address === undefined ? {} : { address: machine.address }),
  ...(decision === undefined
    ? {}
    : {
        decision: decisionJson(decision, locale),
      }),
  sections: explanation.sections.map((section) => ({
    kind: section.kind,
    title: section.title[locale],
    lines: section.lines.map((line) => ({
      text: line.text[locale],
      ...(line.origin ? { file: line.origin.file, line: line.origin.line } : {}),
      ...(line.layer ? { layer: line.layer[locale] } : {}),
      ...(line.at === undefined ? {} : { at: iso(line.at) }),
      ...(line.until === undefined ? {} : { until: iso(line.until) }),
      ...(line.detail === undefined ? {} : { detail: line.detail }),
    })),
  })),
})
