import type { Event } from '../../reconciler/model/event.ts'
import type { Observed, ObservedDisk } from '../../reconciler/model/observed.ts'
import type { Decision, Pause, Scope } from '../../reconciler/model/plan.ts'
import { isWorthTelling } from '../../reconciler/rollout-advice.ts'
import type { Counts, Status } from '../../reconciler/status.ts'
import { machines as countMachines, formatCount } from '../../reconciler/wording.ts'
import type { DesiredMachine } from '../../specs/desired.ts'
import { type Locale, say, type Text } from '../../specs/text.ts'
import { scopeName } from '../address.ts'
import type { RolloutNow } from '../rollout-now.ts'
import { decisionMark, decisionReason, type Moment } from './decision.ts'
import { printExceptions } from './exceptions.ts'
import { iso } from './instant.ts'
import { formatAgo, formatMoment } from './moment.ts'
import { pauseJson } from './pause.ts'
import { decisionJson, exceptionJson } from './plan-json.ts'
import { abbreviate } from './revision.ts'
import { rolloutHead } from './rollout.ts'
import { rolloutBriefJson } from './rollout-json.ts'
import { some } from './some.ts'
import { type Column, table } from './table.ts'
import type { Terminal } from './terminal.ts'
import { padEnd, width } from './width.ts'

export type StatusView = {
  readonly status: Status
  /** Of the scope, in the order of their ids. */
  readonly machines: readonly {
    readonly machine: DesiredMachine
    readonly decision: Decision
    readonly observed: Observed | undefined
  }[]
  readonly scope: Scope
  readonly pauses: readonly Pause[]
  readonly started: boolean
  readonly waiting: Event | undefined
  readonly rollout: RolloutNow | undefined
}

export const printStatus = (view: StatusView, locale: Locale, out: Terminal): void => {
  const { status, scope } = view
  const { colors } = out
  const moment: Moment = { now: status.at, timezone: status.timezone, locale }
  out.line(
    `${colors.bold(scope.kind === 'park' ? status.park : scope.id)}  ${abbreviate(status.target.revision)}  ${colors.dim(seenText(view, locale))}`,
  )
  if (!view.started) {
    const text = say(
      'Not started yet: proviseur up puts the machines right.',
      'Pas encore démarré\u00a0: proviseur up met les postes en conformité.',
    )
    out.line(colors.dim(text[locale]))
  }
  if (view.waiting) printWaiting(view.waiting, locale, out)
  if (view.rollout) printRollout(view.rollout, locale, out)
  out.line()
  if (scope.kind === 'room' || scope.kind === 'machine') printMachines(view, moment, out)
  else printCounts(view, locale, out)
  if (scope.kind === 'park' || scope.kind === 'lycee') printExceptions(status.exceptions, moment, out)
  printPauses(view.pauses, moment, out)
  if (status.unmanaged.length > 0) {
    const text = say('no longer in the specs, left alone:', 'absents des specs, laissés tels quels\u00a0:')
    out.line()
    out.line(`${countMachines(status.unmanaged.length)[locale]} ${text[locale]} ${some(status.unmanaged, 6)}`)
  }
}

const seenText = (view: StatusView, locale: Locale): string => {
  const newest = Math.max(...view.machines.map(({ observed }) => observed?.observedAt ?? 0))
  if (newest <= 0) return say('no machine was ever seen', 'aucun poste n’a encore été vu')[locale]
  const ago = formatAgo(newest, view.status.at, locale)
  return say(`last look ${ago}`, `dernier examen ${ago}`)[locale]
}

/** Machines follow an older revision than the newest; whoever committed that one must learn it here. */
const printWaiting = (waiting: Event, locale: Locale, out: Terminal): void => {
  const revision = abbreviate(waiting.revision ?? '')
  out.line()
  out.line(`${out.colors.red('✗')} ${out.colors.bold(revision)}  ${waiting.message[locale]}`)
  out.line(`    ${remedy(waiting, revision)[locale]}`)
}

const remedy = ({ kind, data }: Event, revision: string): Text => {
  if (kind === 'revision-held') {
    return say(
      `To let it through: proviseur approve ${revision}`,
      `Pour la laisser passer\u00a0: proviseur approve ${revision}`,
    )
  }
  const isGivenUp =
    typeof data === 'object' && data !== null && 'code' in data && data.code === 'revision-given-up'
  return isGivenUp
    ? say('proviseur rollout history tells why.', 'proviseur rollout history dit pourquoi.')
    : say('proviseur check shows its errors.', 'proviseur check montre ses erreurs.')
}

/** One line; `rollout status` tells the rest. */
const printRollout = ({ steering, tally }: RolloutNow, locale: Locale, out: Terminal): void => {
  const { rollout } = steering
  if (!isWorthTelling(rollout)) return
  out.line()
  for (const line of rolloutHead(rollout, tally.total, locale, out)) out.line(line)
  const more = say('proviseur rollout status tells more.', 'proviseur rollout status en dit plus.')
  out.line(`    ${out.colors.dim(more[locale])}`)
}

const countColumns: readonly (readonly [key: keyof Counts, title: Text])[] = [
  ['machines', say('machines', 'postes')],
  ['converged', say('as wanted', 'conformes')],
  ['act', say('to do', 'à faire')],
  ['held', say('held', 'retenus')],
  ['unknown', say('unknown', 'inconnus')],
  ['stalled', say('blocked', 'bloqués')],
  ['up', say('on', 'allumés')],
  ['off', say('off', 'éteints')],
]

/** A row a lycée, or a room where there is but one lycée to show. */
const printCounts = ({ status }: StatusView, locale: Locale, out: Terminal): void => {
  const [only] = status.sites
  const byRoom = status.sites.length === 1 && only !== undefined
  const rows = byRoom ? only.rooms : status.sites
  const columns: readonly Column[] = [
    { title: byRoom ? say('room', 'salle')[locale] : say('lycée', 'lycée')[locale] },
    ...countColumns.map(([, title]): Column => ({ title: title[locale], align: 'right' })),
  ]
  const cells = (name: string, counts: Counts): readonly string[] => [
    name,
    ...countColumns.map(([key]) => countCell(counts[key], key, locale, out)),
  ]
  const lines = table(
    columns,
    [
      ...rows
        .filter(({ counts }) => counts.machines > 0)
        .map(({ id, counts }) => cells(shortName(id), counts)),
      ...(rows.length > 1 ? [cells('', status.counts)] : []),
    ],
    out.colors.dim,
  )
  for (const line of lines) out.line(line)
}

/** The room's part of `<lycée>/<room>`. */
const shortName = (id: string): string => id.slice(id.indexOf('/') + 1)

/** Zeros step back, so that what is not zero is seen. */
const countCell = (number: number, key: keyof Counts, locale: Locale, out: Terminal): string => {
  const { colors } = out
  if (number === 0) return colors.dim('·')
  const text = formatCount(number, locale)
  if (key === 'stalled') return colors.red(text)
  if (key === 'converged') return colors.green(text)
  return text
}

const printMachines = ({ machines }: StatusView, moment: Moment, out: Terminal): void => {
  const { colors } = out
  const column = Math.max(0, ...machines.map(({ machine }) => width(machine.name)))
  const images = machines.map(({ observed }) => observed?.disk?.state?.image ?? '')
  const imageColumn = Math.max(0, ...images.map(width))
  for (const [index, { machine, decision, observed }] of machines.entries()) {
    const image = imageColumn === 0 ? '' : `${padEnd(colors.dim(images[index] ?? ''), imageColumn)}  `
    const reach = observed === undefined ? '' : reachNames[observed.reach][moment.locale]
    const reason = decisionReason(decision, moment)
    out.line(
      `${decisionMark(decision.kind, colors)} ${padEnd(machine.name, column)}  ${padEnd(colors.dim(reach), 8)} ${image}${reason}`.trimEnd(),
    )
  }
}

const reachNames: Readonly<Record<Observed['reach'], Text>> = {
  up: say('on', 'allumé'),
  off: say('off', 'éteint'),
  imager: say('imaging', 'imagerie'),
  silent: say('silent', 'muet'),
}

const printPauses = (pauses: readonly Pause[], { now, timezone, locale }: Moment, out: Terminal): void => {
  if (pauses.length > 0) out.line()
  for (const pause of pauses) {
    const until =
      pause.until === undefined
        ? ''
        : `, ${say('until', 'jusqu’à')[locale]} ${formatMoment(pause.until, now, timezone, locale)}`
    const by = say(`paused by ${pause.who}`, `suspendu par ${pause.who}`)[locale]
    out.line(
      `${out.colors.yellow('‖')} ${out.colors.bold(scopeName(pause.scope))}  ${by}${until}  ${pause.why}`,
    )
  }
}

/** For programs. Stable: fields are only ever added. */
export const statusJson = (
  { status, machines, scope, pauses, started, waiting, rollout }: StatusView,
  locale: Locale,
) => ({
  park: status.park,
  scope,
  started,
  revision: status.target.revision,
  ...(waiting === undefined
    ? {}
    : { waiting: { revision: waiting.revision, kind: waiting.kind, message: waiting.message[locale] } }),
  ...(rollout === undefined ? {} : { rollout: rolloutBriefJson(rollout, locale) }),
  fence: status.target.fence,
  at: iso(status.at),
  counts: status.counts,
  lycees: status.sites,
  exceptions: status.exceptions.map((group) => exceptionJson(group, locale)),
  pauses: pauses.map(pauseJson),
  unmanaged: status.unmanaged,
  machines: machines.map(({ machine, decision, observed }) => ({
    machine: machine.id,
    ...(observed === undefined ? {} : { reach: observed.reach, observedAt: iso(observed.observedAt) }),
    ...(observed?.disk === undefined ? {} : { disk: diskJson(observed.disk) }),
    ...decisionJson(decision, locale),
  })),
})

const diskJson = ({ state, verified }: ObservedDisk) => ({
  image: state?.image ?? null,
  ...(state === undefined ? {} : { manifest: state.manifest, since: iso(state.at), how: state.how }),
  ...(verified === undefined ? {} : { verifiedAt: iso(verified.at), differing: verified.differing }),
})
