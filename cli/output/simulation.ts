/** What a simulated run came to, for a person. */
import { misfortuneText } from '../../providers/simulated/misfortune.ts'
import { groupExceptions } from '../../reconciler/exceptions.ts'
import { bytesText, formatCount, machines } from '../../reconciler/wording.ts'
import { formatDuration } from '../../specs/duration.ts'
import { type Locale, say, type Text } from '../../specs/text.ts'
import { milestoneText } from '../simulate/milestone-text.ts'
import type { Milestone } from '../simulate/milestones.ts'
import type { Night } from '../simulate/nights.ts'
import type { Simulation } from '../simulate/simulate.ts'
import { ruleText } from '../simulate/watch/rule.ts'
import type { Moment } from './decision.ts'
import { printExceptions } from './exceptions.ts'
import { formatMoment } from './moment.ts'
import { abbreviate } from './revision.ts'
import { rolloutHead } from './rollout.ts'
import { type Column, table } from './table.ts'
import type { Terminal } from './terminal.ts'

/** @param again the command that runs it again. */
export const printSimulation = (
  simulation: Simulation,
  again: string,
  locale: Locale,
  out: Terminal,
): void => {
  const { timezone } = simulation.next.desired.park
  const moment: Moment = { now: simulation.endedAt, timezone, locale }
  printDrawn(simulation, moment, out)
  printNights(simulation.nights, timezone, locale, out)
  printRollout(simulation, locale, out)
  printEnd(simulation, moment, out)
  if (simulation.plan) printExceptions(groupExceptions(simulation.plan), moment, out)
  printViolations(simulation, moment, out)
  out.line()
  out.line(out.colors.dim(again))
}

const printDrawn = ({ drawn, parts }: Simulation, moment: Moment, out: Terminal): void => {
  const { locale, timezone } = moment
  if (parts.faults.length === 0) return
  const lines = parts.faults.map((kind) => {
    const told = drawn
      .filter((one) => one.kind === kind)
      .map(({ of, at }) => {
        const when = at === undefined ? '' : ` (${formatMoment(at, parts.start, timezone, locale)})`
        return `${of}${when}`
      })
      .filter((text) => text !== '')
    const text = misfortuneText[kind][locale]
    return told.length === 0 ? text : `${text}${locale === 'fr' ? '\u00a0:' : ':'} ${told.join(', ')}`
  })
  const title = say('What goes wrong', 'Ce qui va de travers')
  out.line(out.colors.bold(title[locale]))
  for (const line of lines) out.line(`  ${line}`)
  out.line()
}

const printNights = (nights: readonly Night[], timezone: string, locale: Locale, out: Terminal): void => {
  const columns: readonly Column[] = [
    { title: say('night from', 'nuit du')[locale] },
    { title: say('PCs tried', 'postes essayés')[locale], align: 'right' },
    { title: say('well', 'réussis')[locale], align: 'right' },
    { title: say('failed', 'en échec')[locale], align: 'right' },
    { title: say('deferred', 'différés')[locale], align: 'right' },
    { title: say('over uplinks', 'liens distants')[locale], align: 'right' },
    { title: say('in lycées', 'réseaux locaux')[locale], align: 'right' },
    { title: say('busiest lycée', 'lycée le plus chargé')[locale] },
    { title: say('the rollout', 'le déploiement')[locale] },
  ]
  const day = new Intl.DateTimeFormat(locale === 'fr' ? 'fr-FR' : 'en-GB', {
    timeZone: timezone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
  })
  const number = (count: number): string => (count === 0 ? out.colors.dim('·') : formatCount(count, locale))
  const bytes = (count: number): string => (count === 0 ? out.colors.dim('·') : bytesText(count)[locale])
  const rows = nights.map((night) => [
    day.format(night.from),
    number(night.tried),
    number(night.done),
    night.failed === 0 ? number(0) : out.colors.red(number(night.failed)),
    number(night.deferred),
    bytes(night.uplinkBytes),
    bytes(night.lanBytes),
    night.busiest === undefined ? '' : `${night.busiest.site} ${bytes(night.busiest.uplinkBytes)}`,
    milestonesText(night.milestones, locale),
  ])
  for (const line of table(columns, rows, out.colors.dim)) out.line(line)
}

/** `wave 2, wave 3, stopped, goes on`. */
const milestonesText = (milestones: readonly Milestone[], locale: Locale): string =>
  milestones
    .map((one) =>
      one.kind === 'opened'
        ? say(`wave ${one.wave}`, `vague ${one.wave}`)[locale]
        : milestoneText[one.kind][locale],
    )
    .join(', ')

const printRollout = ({ rollouts, tally }: Simulation, locale: Locale, out: Terminal): void => {
  const [newest] = rollouts
  if (newest === undefined || tally === undefined) return
  out.line()
  for (const line of rolloutHead(newest, tally.total, locale, out)) out.line(line)
}

const printEnd = (simulation: Simulation, { locale }: Moment, out: Terminal): void => {
  const { asWanted, machines: all, next } = simulation
  const isWhole = asWanted === all
  const mark = isWhole ? out.colors.green('✓') : out.colors.yellow('○')
  const text = say(
    `${machines(asWanted).en} of ${formatCount(all, 'en')} are as ${abbreviate(next.revision)} wants`,
    `${machines(asWanted).fr} sur ${formatCount(all, 'fr')} ${asWanted < 2 ? 'conforme' : 'conformes'} à ${abbreviate(next.revision)}`,
  )
  out.line()
  out.line(`${mark} ${text[locale]}${calmText(simulation)[locale]}`)
}

const calmText = ({ convergedAfterMs, parts }: Simulation): Text => {
  if (convergedAfterMs === undefined) return say('', '')
  const after = say(formatDuration(convergedAfterMs, 'en'), formatDuration(convergedAfterMs, 'fr'))
  return parts.faults.length === 0
    ? say(`, ${after.en} after the last day`, `, ${after.fr} après le dernier jour`)
    : say(
        `, ${after.en} after the last thing went wrong`,
        `, ${after.fr} après la fin de ce qui va de travers`,
      )
}

const printViolations = ({ violations }: Simulation, moment: Moment, out: Terminal): void => {
  const { locale, timezone } = moment
  for (const { rule, at, machine, detail } of violations) {
    out.line()
    const head = `${ruleText[rule][locale]} (${formatMoment(at, at - 400 * 86_400_000, timezone, locale)})`
    out.line(`${out.colors.red('✗')} ${head}`)
    out.line(`    ${[machine, detail].filter((one) => one !== undefined).join('  ')}`)
  }
  if (violations.length === 0) return
  out.line()
  const text = say(
    'A rule of Proviseur itself was broken: please report it with the line below, which plays it again.',
    'Une règle de Proviseur lui-même a été enfreinte\u00a0: merci de le signaler avec la ligne ci-dessous, qui la rejoue.',
  )
  out.line(text[locale])
}
