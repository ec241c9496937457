import type { Rollout, RolloutOrder } from '../../reconciler/model/rollout.ts'
import { isOpen, isShownNowhere } from '../../reconciler/rollout.ts'
import { rolloutHeadline } from '../../reconciler/rollout-advice.ts'
import type { FailureGroup } from '../../reconciler/rollout-failures.ts'
import type { RolloutReport, SiteReport, WaveReport, WaveState } from '../../reconciler/rollout-report.ts'
import type { Tally } from '../../reconciler/rollout-tally.ts'
import { machines as countMachines } from '../../reconciler/wording.ts'
import { type Locale, say, type Text } from '../../specs/text.ts'
import type { Moment } from './decision.ts'
import { formatMoment } from './moment.ts'
import { abbreviate } from './revision.ts'
import { countCells, countColumns, countsShown, type ShownCount } from './rollout-counts.ts'
import { orderNames, waveMembers } from './rollout-words.ts'
import { some } from './some.ts'
import { type Column, table } from './table.ts'
import type { Terminal } from './terminal.ts'
import { wrap } from './width.ts'

export type RolloutView = {
  readonly report: RolloutReport
  /** Given, and not taken up yet. */
  readonly orders: readonly RolloutOrder[]
}

export const printRolloutStatus = ({ report, orders }: RolloutView, locale: Locale, out: Terminal): void => {
  const { rollout, at, timezone } = report
  const moment: Moment = { now: at, timezone, locale }
  for (const line of rolloutHead(rollout, report.total, locale, out)) out.line(line)
  out.line(`    ${out.colors.dim(historyText(rollout, moment)[locale])}`)
  out.line()
  const counts = countsShown(report.total)
  printWaves(report.waves, counts, moment, out)
  if (report.sites.length > 0) printSites(report.sites, counts, moment, out)
  for (const group of report.failures) printFailures(group, 'counted', locale, out)
  for (const group of report.accepted) printFailures(group, 'accepted', locale, out)
  if (report.advice.length + orders.length > 0) out.line()
  for (const { kind, who, at: since } of orders) {
    const when = formatMoment(since, at, timezone, locale)
    const told = say(
      `${orderNames[kind].en}: ordered by ${who} (${when}), and no proviseur up has taken it up yet.`,
      `${orderNames[kind].fr}\u00a0: ordre de ${who} (${when}), qu’aucun proviseur up n’a encore pris en compte.`,
    )
    out.line(`${out.colors.yellow('○')} ${told[locale]}`)
  }
  for (const advice of report.advice) {
    const [first = '', ...more] = wrap(advice[locale], out.columns() - 2)
    out.line(`${out.colors.cyan('→')} ${first}`)
    for (const line of more) out.line(`  ${line}`)
  }
}

const acceptedText = say('accepted', 'échec accepté')

const printFailures = (
  { reason, machines }: FailureGroup,
  kind: 'counted' | 'accepted',
  locale: Locale,
  out: Terminal,
): void => {
  const isAccepted = kind === 'accepted'
  const tail = [
    ...(machines.length === 1 ? [] : [countMachines(machines.length)[locale]]),
    ...(isAccepted ? [acceptedText[locale]] : []),
  ].join(', ')
  const mark = isAccepted ? out.colors.yellow('○') : out.colors.red('✗')
  out.line()
  out.line(`${mark} ${out.colors.bold(some(machines, 5))}${tail === '' ? '' : `  ${out.colors.dim(tail)}`}`)
  for (const line of wrap(reason.message[locale], out.columns() - 4)) out.line(`    ${line}`)
}

/** `▸ Rollout of 0995749d415d: wave 2 of 4, …`, also in `status`. */
export const rolloutHead = (
  rollout: Rollout,
  total: Tally,
  locale: Locale,
  out: Terminal,
): readonly string[] => {
  const { colors } = out
  const revision = abbreviate(rollout.revision)
  const name = rollout.isRollback
    ? say(`Back to ${revision}`, `Retour à ${revision}`)
    : say(`Rollout of ${revision}`, `Déploiement de ${revision}`)
  const text = rolloutText(rollout, total)
  const [first = '', ...more] = wrap(
    `${name[locale]}${locale === 'fr' ? '\u00a0:' : ':'} ${text[locale]}`,
    out.columns() - 2,
  )
  const named = first.startsWith(name[locale])
    ? `${colors.bold(name[locale])}${first.slice(name[locale].length)}`
    : first
  return [`${mark(rollout, out)} ${named}`, ...more.map((line) => `  ${line}`)]
}

export const rolloutText = (rollout: Rollout, total: Tally): Text =>
  isOpen(rollout) ? rolloutHeadline(rollout, total) : endText(rollout)

const mark = (rollout: Rollout, { colors }: Terminal): string => {
  const { phase } = rollout
  switch (phase.kind) {
    case 'running':
      return colors.cyan('▸')
    case 'paused':
      return phase.by === 'failures' ? colors.red('✗') : colors.yellow('‖')
    case 'done':
      return isShownNowhere(rollout) ? colors.yellow('○') : colors.green('✓')
    case 'closing':
    case 'aborted':
    case 'superseded':
    case 'rolled-back':
      return colors.yellow('○')
  }
}

/** How it ended, in a few words. */
export const endText = (rollout: Rollout): Text => {
  const { phase } = rollout
  const by = 'who' in phase && phase.who !== 'loop' ? phase.who : undefined
  const why = 'why' in phase && phase.why !== undefined ? phase.why : undefined
  const tail = say(
    `${by === undefined ? '' : ` by ${by}`}${why === undefined ? '' : `: ${why}`}`,
    `${by === undefined ? '' : ` par ${by}`}${why === undefined ? '' : `\u00a0: ${why}`}`,
  )
  switch (phase.kind) {
    case 'running':
      return say('under way', 'en cours')
    case 'paused':
      return say('paused', 'suspendu')
    case 'closing':
      return say('being ended', 'arrêt en cours')
    case 'done':
      return doneText(rollout, phase.untried ?? 0)
    case 'aborted':
      return say(`aborted${tail.en}`, `arrêté${tail.fr}`)
    case 'superseded':
      return say('a newer revision took its place', 'remplacé par une révision plus récente')
    case 'rolled-back':
      return say(`taken back${tail.en}`, `annulé${tail.fr}`)
  }
}

const doneText = (rollout: Rollout, untried: number): Text => {
  if (untried === 0) return say('done', 'terminé')
  if (isShownNowhere(rollout))
    return say('done, and nothing had been tried by then', 'terminé, sans que rien n’ait alors été tenté')
  const { en, fr } = countMachines(untried)
  return say(
    `done; nothing had been tried on ${en} by then`,
    `terminé\u00a0; rien n’avait alors été tenté sur ${fr}`,
  )
}

const historyText = ({ startedAt, base, phase }: Rollout, { now, timezone }: Moment): Text => {
  const moment = (at: number, locale: Locale): string => formatMoment(at, now, timezone, locale)
  const since = (locale: Locale): string => moment(startedAt, locale)
  const before = base === null ? undefined : abbreviate(base.revision)
  const started = say(
    `begun ${since('en')}; ${before === undefined ? 'there was none before' : `before it ${before}`}`,
    `commencé ${since('fr')}\u00a0; ${before === undefined ? 'aucune révision auparavant' : `auparavant ${before}`}`,
  )
  if (phase.kind === 'running') return started
  return say(
    `${started.en}; ${pastNames[phase.kind].en} ${moment(phase.at, 'en')}`,
    `${started.fr}\u00a0; ${pastNames[phase.kind].fr} ${moment(phase.at, 'fr')}`,
  )
}

const pastNames = {
  paused: say('paused', 'suspendu'),
  closing: say('being ended since', 'arrêt en cours depuis'),
  done: say('done', 'terminé'),
  aborted: say('aborted', 'arrêté'),
  superseded: say('superseded', 'remplacé'),
  'rolled-back': say('taken back', 'annulé'),
} as const

const printWaves = (
  waves: readonly WaveReport[],
  shown: readonly ShownCount[],
  moment: Moment,
  out: Terminal,
): void => {
  const { locale } = moment
  const columns: readonly Column[] = [
    { title: say('wave', 'vague')[locale] },
    { title: '' },
    ...countColumns(shown, locale),
    { title: '' },
  ]
  const rows = waves.map(({ wave, filters, tally, state }) => [
    String(wave),
    waveMembers(filters, waves.length === 1)[locale],
    ...countCells(tally, shown, locale, out),
    stateText(state, moment)[locale],
  ])
  for (const line of table(columns, rows, out.colors.dim)) out.line(line)
}

const printSites = (
  sites: readonly SiteReport[],
  shown: readonly ShownCount[],
  moment: Moment,
  out: Terminal,
): void => {
  const { locale } = moment
  const columns: readonly Column[] = [
    { title: say('lycée', 'lycée')[locale] },
    ...countColumns(shown, locale),
    { title: '' },
  ]
  const rows = sites.map(({ site, tally, heldSince }) => [
    site,
    ...countCells(tally, shown, locale, out),
    heldSince === undefined ? '' : out.colors.yellow(heldText(heldSince, moment)[locale]),
  ])
  out.line()
  for (const line of table(columns, rows, out.colors.dim)) out.line(line)
}

const heldText = (since: number, { now, timezone }: Moment): Text =>
  say(
    `held since ${formatMoment(since, now, timezone, 'en')}`,
    `retenu depuis ${formatMoment(since, now, timezone, 'fr')}`,
  )

const stateText = (state: WaveState, { now, timezone }: Moment): Text => {
  const both = (en: string, fr: string, at: number): Text =>
    say(
      `${en} ${formatMoment(at, now, timezone, 'en')}`.trim(),
      `${fr} ${formatMoment(at, now, timezone, 'fr')}`.trim(),
    )
  switch (state.kind) {
    case 'passed':
      return both('passed', 'passée', state.at)
    case 'soaking':
      return both('soaking until', 'en observation jusqu’à', state.until)
    case 'open':
      return both('open since', 'ouverte depuis', state.since)
    case 'awaits-approval':
      return both('awaits approval since', 'attend une approbation depuis', state.since)
    case 'shows-nothing':
      return both(
        'nobody reached, awaits approval since',
        'aucun poste atteint, attend une approbation depuis',
        state.since,
      )
    case 'closed':
      return state.asks
        ? say('closed, asks for approval first', 'fermée, demandera une approbation')
        : say('closed', 'fermée')
    case 'stopped':
      return say('stopped', 'interrompue')
    case 'never-opened':
      return say('never opened', 'jamais ouverte')
  }
}
