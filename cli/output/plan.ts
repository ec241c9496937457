import type { Instant } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { PlanReport } from '../../reconciler/plan-report.ts'
import { planReportText } from '../../reconciler/report-text.ts'
import { type Locale, say, type Text } from '../../specs/text.ts'
import { formatAgo } from './moment.ts'
import { abbreviate } from './revision.ts'
import type { Terminal } from './terminal.ts'

/** The report for a terminal, under the revision and how old the knowledge is that it rests on. `stored`: there is a store. */
export const printPlan = (
  report: PlanReport,
  observed: Iterable<Observed>,
  stored: boolean,
  locale: Locale,
  out: Terminal,
): void => {
  const { colors } = out
  const seen = [...observed].map(({ observedAt }) => observedAt)
  out.line(
    `${report.park}  ${abbreviate(report.target.revision)}  ${colors.dim(seenText(seen, stored, report.at)[locale])}`,
  )
  out.line()
  for (const line of planReportText(report, locale).trimEnd().split('\n')) {
    out.line(line.startsWith(' ') || line === '' ? line : colors.bold(line))
  }
}

const seenText = (seen: readonly Instant[], stored: boolean, now: Instant): Text => {
  if (!stored) {
    return say(
      'no store yet, so no machine was ever seen: proviseur up observes them',
      'pas encore de base, donc aucun poste n’a été vu\u00a0: proviseur up les observe',
    )
  }
  if (seen.length === 0) return say('no machine was ever seen', 'aucun poste n’a encore été vu')
  const between = (locale: Locale): readonly [string, string] => [
    formatAgo(
      seen.reduce((a, b) => Math.min(a, b)),
      now,
      locale,
    ),
    formatAgo(
      seen.reduce((a, b) => Math.max(a, b)),
      now,
      locale,
    ),
  ]
  const [[oldEn, newEn], [oldFr, newFr]] = [between('en'), between('fr')]
  return oldEn === newEn
    ? say(`machines seen ${newEn}`, `postes vus ${newFr}`)
    : say(`machines seen between ${oldEn} and ${newEn}`, `postes vus entre ${oldFr} et ${newFr}`)
}
