/** A plan's report as a pull request's comment. */
import { say } from '../specs/text.ts'
import type { ChangeGroup } from './change-group.ts'
import { forecastTitle, remarksOn, waveName, whenText } from './forecast-text.ts'
import { escapeMarkdown } from './markdown.ts'
import type { Forecast } from './model/forecast.ts'
import type { SiteId } from './model/ids.ts'
import type { Locale, Text } from './model/reason.ts'
import type { PlanReport, SiteReport } from './plan-report.ts'
import {
  changeText,
  comparisonTexts,
  comparisonTitle,
  countsText,
  exceptionsTitle,
  exceptionText,
  nothingNew,
  obstacleOf,
  unmanagedTitle,
  unseenTexts,
  unseenTitle,
  wipedTexts,
  wipedTitle,
} from './report-text.ts'
import { someOf } from './some-of.ts'
import { bytesText, formatCount, minutesText } from './wording.ts'

/** GitHub's and GitLab's flavour. Whatever comes from the specs or from a PC is escaped. */
export function planReportMarkdown(report: PlanReport, locale: Locale): string {
  const blocks: string[] = [`**${escapeMarkdown(countsText(report.counts)[locale])}**`]
  const section = (title: Text, texts: readonly Text[]): void => {
    if (texts.length === 0) return
    const items = texts.map((text) => `- ${escapeMarkdown(text[locale])}`)
    blocks.push(`### ${escapeMarkdown(title[locale])}`, items.join('\n'))
  }
  const obstacle = obstacleOf(report)
  if (obstacle !== undefined) section(obstacle.title, [obstacle.text])
  section(wipedTitle, wipedTexts(report))
  section(unseenTitle, unseenTexts(report))
  if (report.comparison !== undefined) {
    const texts = comparisonTexts(report.comparison)
    section(comparisonTitle, texts.length > 0 ? texts : [nothingNew])
  }
  if (report.counts.changing > 0) blocks.push(sitesTable(report.sites, locale))
  if (report.forecast !== undefined) {
    blocks.push(`### ${escapeMarkdown(forecastTitle[locale])}`)
    blocks.push(wavesTable(report.forecast, report.timezone, locale))
    const remarks = remarksOn(report.forecast, report.timezone)
    blocks.push(remarks.map((text) => `- ${escapeMarkdown(text[locale])}`).join('\n'))
  }
  section(say('Several lycées', 'Plusieurs lycées'), changeTexts(report.changes))
  for (const site of report.sites) section(say(site.title, site.title), changeTexts(site.changes, site.id))
  section(
    exceptionsTitle,
    report.exceptions.map((group) => exceptionText(group, report.timezone)),
  )
  if (report.unmanaged.length > 0) section(unmanagedTitle, [someOf(report.unmanaged)])
  return `${blocks.join('\n\n')}\n`
}

const changeTexts = (groups: readonly ChangeGroup[], within?: SiteId): readonly Text[] =>
  groups.map((group) => changeText(group, within))

/** Lycées where something changes; the others would only be rows of zeros. */
function sitesTable(sites: readonly SiteReport[], locale: Locale): string {
  const moves = sites.some(({ counts }) => counts.bytes > 0)
  const heads = [
    say('lycée', 'lycée'),
    say('machines', 'postes'),
    say('to change', 'à modifier'),
    say('held', 'retenus'),
    say('blocked', 'bloqués'),
    say('unknown', 'inconnus'),
    ...(moves ? [say('to move', 'à transférer'), say('work', 'travail')] : []),
  ]
  const rows = sites
    .filter((site) => site.counts.changing > 0)
    .map(({ title, counts }) => [
      escapeMarkdown(title),
      counts.machines,
      counts.changing,
      counts.held,
      counts.stalled,
      counts.unknown,
      ...(moves ? [bytesText(counts.bytes)[locale], minutesText(counts.workMs)[locale]] : []),
    ])
  return table(heads, rows, locale)
}

function wavesTable({ waves, of }: Forecast, timezone: string, locale: Locale): string {
  const heads = [
    say('wave', 'vague'),
    say('machines', 'postes'),
    say('lycées', 'lycées'),
    say('uplinks', 'liaisons'),
    say('inside', 'réseau local'),
    say('when', 'quand'),
  ]
  const rows = waves.map((wave) => [
    waveName(wave, of)[locale],
    formatCount(wave.machines, locale),
    wave.lycees.length,
    ...[wave.uplinkBytes, wave.lanBytes].map((bytes) => (bytes === 0 ? '–' : bytesText(bytes)[locale])),
    escapeMarkdown(whenText(wave, timezone)[locale]),
  ])
  return table(heads, rows, locale)
}

function table(
  heads: readonly Text[],
  rows: readonly (readonly (string | number)[])[],
  locale: Locale,
): string {
  return [heads.map((head) => head[locale]), ['---', ...heads.slice(1).map(() => '---:')], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}
