/** A plan's report for a terminal. */
import { say } from '../specs/text.ts'
import { type ChangeGroup, placeOf } from './change-group.ts'
import { gateNames, lossUnknown } from './describe.ts'
import type { ExceptionGroup } from './exceptions.ts'
import { forecastTexts, forecastTitle } from './forecast-text.ts'
import { formatInstant } from './local-time.ts'
import type { MachineId, SiteId } from './model/ids.ts'
import type { Locale, Text } from './model/reason.ts'
import type { ParkComparison } from './park-comparison.ts'
import type { PlanReport, ReportCounts } from './plan-report.ts'
import { someOf } from './some-of.ts'
import { bytesText, counted, machines, minutesText } from './wording.ts'

/** Lines that end in a newline; nothing but headings starts at the margin. */
export function planReportText(report: PlanReport, locale: Locale): string {
  const lines: string[] = [countsText(report.counts)[locale]]
  const section = (title: Text, body: readonly string[]): void => {
    if (body.length > 0) lines.push('', title[locale], ...body.map((line) => `  ${line}`))
  }
  const obstacle = obstacleOf(report)
  if (obstacle !== undefined) section(obstacle.title, [obstacle.text[locale]])
  if (report.comparison !== undefined) {
    section(comparisonTitle, comparisonLines(report.comparison, locale))
  }
  section(say('Several lycées', 'Plusieurs lycées'), changeLines(report.changes, locale))
  for (const site of report.sites) {
    section(say(site.title, site.title), changeLines(site.changes, locale, site.id))
  }
  section(
    wipedTitle,
    wipedTexts(report).map((text) => text[locale]),
  )
  section(
    unseenTitle,
    unseenTexts(report).map((text) => text[locale]),
  )
  if (report.forecast !== undefined) {
    const texts = forecastTexts(report.forecast, report.timezone)
    section(
      forecastTitle,
      texts.map((text) => text[locale]),
    )
  }
  section(exceptionsTitle, exceptionLines(report.exceptions, report.timezone, locale))
  section(unmanagedTitle, report.unmanaged.length > 0 ? [someOf(report.unmanaged)[locale]] : [])
  return `${lines.join('\n')}\n`
}

/** Why the revision would not be taken after the one that it is compared with. */
export function obstacleOf({
  admission,
}: PlanReport): { readonly title: Text; readonly text: Text } | undefined {
  switch (admission?.kind) {
    case undefined:
    case 'admitted':
      return undefined
    case 'held':
      return {
        title: say('Held until somebody approves it', 'Retenue jusqu’à ce que quelqu’un l’approuve'),
        text: admission.reason.message,
      }
    case 'refused':
      return { title: say('Will be refused', 'Sera refusée'), text: admission.reason.message }
  }
}

export const comparisonTitle = say('What this revision asks for', 'Ce que demande cette révision')
export const exceptionsTitle = say('Not now', 'Pas maintenant')
export const unmanagedTitle = say('Managed no longer, left alone', 'Plus gérés, laissés tels quels')
export const wipedTitle = say('Disks that will be rewritten', 'Disques qui seront réécrits')
export const unseenTitle = say(
  'Disks never looked at: rewritten once they show up, unless they are as wanted already',
  'Disques jamais examinés\u00a0: réécrits dès que le poste se présente, sauf s’ils sont déjà conformes',
)

export function countsText(counts: ReportCounts): Text {
  const parts = [
    machines(counts.machines),
    counted(counts.converged, ['as wanted', 'as wanted'], ['conforme', 'conformes']),
    counted(counts.changing, ['to change', 'to change'], ['à modifier', 'à modifier']),
    ...some(counts.held, ['held', 'held'], ['retenu', 'retenus']),
    ...some(counts.stalled, ['blocked', 'blocked'], ['bloqué', 'bloqués']),
    ...some(counts.unknown, ['unknown', 'unknown'], ['inconnu', 'inconnus']),
    ...(counts.workMs > 0 ? [workText(counts.workMs)] : []),
    ...(counts.bytes > 0 ? [moveText(counts.bytes)] : []),
  ]
  return say(parts.map((part) => part.en).join(', '), parts.map((part) => part.fr).join(', '))
}

const some = (count: number, ...nouns: NounPair): readonly Text[] =>
  count > 0 ? [counted(count, ...nouns)] : []

type NounPair = [en: readonly [string, string], fr: readonly [string, string]]

export function changeText(group: ChangeGroup, within?: SiteId): Text {
  const place = placeOf(group, within)
  return say(`${place.en} — ${group.text.en}`, `${place.fr} — ${group.text.fr}`)
}

export function exceptionText(group: ExceptionGroup, timezone: string): Text {
  const count = machines(group.machines.length)
  const gate = group.by === undefined ? exceptionKinds[group.kind] : gateNames[group.by]
  const until = (locale: Locale): string =>
    group.until === undefined || group.kind !== 'held' ? '' : formatInstant(group.until, timezone, locale)
  const { message } = group.reason
  return say(
    `${count.en}, ${gate.en}: ${message.en}${until('en') && ` (from ${until('en')})`}`,
    `${count.fr}, ${gate.fr}\u00a0: ${message.fr}${until('fr') && ` (à partir du ${until('fr')})`}`,
  )
}

export function comparisonTexts(comparison: ParkComparison): readonly Text[] {
  const { added, removed, renamed, wiped } = comparison
  const named = (ids: readonly MachineId[], en: string, fr: string): readonly Text[] => {
    const some = someOf(ids)
    return ids.length > 0 ? [say(`${en}: ${some.en}`, `${fr}\u00a0: ${some.fr}`)] : []
  }
  return [
    ...named(added, 'new', 'nouveaux'),
    ...named(removed, 'managed no longer, left alone', 'plus gérés, laissés tels quels'),
    ...renamed.map(({ from, to }) => say(`renamed: ${from} → ${to}`, `renommé\u00a0: ${from} → ${to}`)),
    ...named(wiped, 'disk to be rewritten', 'disque à réécrire'),
    ...comparison.changes.map((group) => changeText(group)),
  ]
}

/** Whose disks are rewritten, and which partitions are known to be lost on them; machines that lose the same stand together. */
export function wipedTexts({ wiped, disks }: PlanReport): readonly Text[] {
  if (wiped.length === 0) return []
  const byLoss = new Map<string, MachineId[]>()
  const unread: MachineId[] = []
  for (const { machine, wipes } of disks) {
    if (wipes === undefined) unread.push(machine)
    if (wipes === undefined || wipes.length === 0) continue
    const losers = byLoss.get(wipes.join(', ')) ?? []
    byLoss.set(wipes.join(', '), losers)
    losers.push(machine)
  }
  const losses = [...byLoss].map(([lost, machinesOf]) => {
    const { en, fr } = someOf(machinesOf)
    return say(`${en}: lost: ${lost}`, `${fr}\u00a0: perdu\u00a0: ${lost}`)
  })
  const { en, fr } = someOf(unread)
  const unknown = say(`${en}: ${lossUnknown.en}`, `${fr}\u00a0: ${lossUnknown.fr}`)
  return [someOf(wiped), ...losses, ...(unread.length === 0 ? [] : [unknown])]
}

/** Those of which the same is to be expected stand together. */
export function unseenTexts({ unseenDisks }: PlanReport): readonly Text[] {
  const groups = new Map<string, { readonly text: Text; readonly machines: MachineId[]; bytes: number }>()
  for (const { machine, text, bytes = 0 } of unseenDisks) {
    const group = groups.get(text.en) ?? { text, machines: [], bytes: 0 }
    groups.set(text.en, group)
    group.machines.push(machine)
    group.bytes += bytes
  }
  return [...groups.values()].map(({ text, machines: unseen, bytes }) => {
    const who = someOf(unseen)
    const move = bytes === 0 ? say('', '') : moveText(bytes)
    return say(
      `${who.en} — ${text.en}${move.en && `, ${move.en}`}`,
      `${who.fr} — ${text.fr}${move.fr && `, ${move.fr}`}`,
    )
  })
}

const exceptionKinds = {
  held: say('held', 'retenu'),
  unknown: say('state unknown', 'état inconnu'),
  stalled: say('blocked', 'bloqué'),
} as const

const changeLines = (groups: readonly ChangeGroup[], locale: Locale, within?: SiteId): readonly string[] =>
  groups.map((group) => changeText(group, within)[locale])

const exceptionLines = (
  groups: readonly ExceptionGroup[],
  timezone: string,
  locale: Locale,
): readonly string[] =>
  groups.flatMap((group) => [exceptionText(group, timezone)[locale], `  ${someOf(group.machines)[locale]}`])

const comparisonLines = (comparison: ParkComparison, locale: Locale): readonly string[] => {
  const texts = comparisonTexts(comparison).map((text) => text[locale])
  return texts.length > 0 ? texts : [nothingNew[locale]]
}

export const nothingNew = say('nothing else than before', 'rien de plus qu’auparavant')

const workText = (workMs: number): Text => {
  const minutes = minutesText(workMs)
  return say(`about ${minutes.en} of work`, `environ ${minutes.fr} de travail`)
}

const moveText = (bytes: number): Text => {
  const { en, fr } = bytesText(bytes)
  return say(`about ${en} to move`, `environ ${fr} à transférer`)
}
