/** Everything about one machine: what it is, what it must be and where that is written, what differs, what holds it, what failed. */
import type { Desired, DesiredMachine, DesiredSite } from '../specs/desired.ts'
import type { Position } from '../specs/diagnostic.ts'
import { say } from '../specs/text.ts'
import { isStalled } from './backoff.ts'
import { describeChange, describeDecision } from './describe.ts'
import { diff } from './diff.ts'
import { diskDifferenceLines, diskLines, requestLines } from './explain-disk.ts'
import { wantedLines, written } from './explain-wanted.ts'
import { managedDisk } from './managed-disk.ts'
import type { Change } from './model/change.ts'
import type { Instant, MachineId } from './model/ids.ts'
import type { Facts, Observed, Reach } from './model/observed.ts'
import type { Backoff, Decision, DiskRequest, History, Pause } from './model/plan.ts'
import type { Text } from './model/reason.ts'
import { pausesAt } from './pause.ts'
import { counted } from './wording.ts'

export type ExplanationLine = {
  readonly text: Text
  /** Where it is written in the specs. */
  readonly origin?: Position
  /** Which layer of the specs that is. */
  readonly layer?: Text
  /** When it was so. */
  readonly at?: Instant
  /** When it may change by itself. */
  readonly until?: Instant
  /** The PC's own words. */
  readonly detail?: string
}

export type ExplanationSection = {
  readonly kind: 'decision' | 'is' | 'wanted' | 'differs' | 'failed'
  readonly title: Text
  /** Never empty. */
  readonly lines: readonly ExplanationLine[]
}

export type Explanation = {
  readonly machine: MachineId
  /** IANA; what the instants are to be shown in. */
  readonly timezone: string
  readonly sections: readonly ExplanationSection[]
}

/** `decision` is undefined before the first plan. Undefined: no such machine in the park. */
export function explain(
  machine: MachineId,
  desired: Desired,
  observed: Observed | undefined,
  decision: Decision | undefined,
  history: History | undefined,
  pauses: readonly Pause[],
  now: Instant,
  /** Open ones, of any machine. */
  requests: readonly DiskRequest[] = [],
  /** Where it is on the way to a new revision. */
  onItsWay: readonly ExplanationLine[] = [],
): Explanation | undefined {
  const wanted = desired.machines.get(machine)
  const site = wanted && desired.sites.get(wanted.site)
  if (wanted === undefined || site === undefined) return undefined
  const asked = requests.filter((request) => request.machine === machine)
  const isDiskManaged = managedDisk(wanted, site) !== undefined
  const disk = { machine: wanted, site, disk: observed?.disk, requests: asked, history, now }
  const sections: readonly ExplanationSection[] = [
    {
      kind: 'decision',
      title: say('What is decided', 'Décision'),
      lines: [...decisionLines(wanted, decision, pauses, now), ...onItsWay, ...requestLines(asked)],
    },
    { kind: 'is', title: say('What it is', 'État constaté'), lines: observedLines(observed, isDiskManaged) },
    { kind: 'wanted', title: say('What is wanted', 'État voulu'), lines: wantedLines(wanted, site) },
    {
      kind: 'differs',
      title: say('What differs', 'Écarts'),
      lines: [
        ...diskDifferenceLines(disk, (path) => written(wanted, site, path)),
        ...differenceLines(wanted, site, observed, history),
      ],
    },
    {
      kind: 'failed',
      title: say('What failed last', 'Derniers échecs'),
      lines: failureLines(wanted, history),
    },
  ]
  return {
    machine,
    timezone: site.timezone,
    sections: sections.filter((section) => section.lines.length > 0),
  }
}

function decisionLines(
  machine: DesiredMachine,
  decision: Decision | undefined,
  pauses: readonly Pause[],
  now: Instant,
): readonly ExplanationLine[] {
  const pause = pausesAt(pauses, now).over(machine)
  const paused: ExplanationLine[] =
    pause === undefined
      ? []
      : [
          {
            text: say(
              `paused by ${pause.who}: ${pause.why}`,
              `suspendu par ${pause.who}\u00a0: ${pause.why}`,
            ),
            at: pause.at,
            ...(pause.until === undefined ? {} : { until: pause.until }),
          },
        ]
  if (decision === undefined) {
    return [{ text: say('not planned yet', 'pas encore planifié') }, ...paused]
  }
  const text = describeDecision(decision)
  switch (decision.kind) {
    case 'converged':
      return [
        decision.lastSeen === undefined
          ? { text }
          : {
              text: say(`${text.en}, as when last seen`, `${text.fr}, d’après le dernier examen`),
              at: decision.lastSeen,
            },
        ...paused,
      ]
    case 'act':
      return [
        { text, until: decision.action.deadline },
        ...decision.action.changes.map((change) => ({ text: describeChange(change) })),
      ]
    case 'held':
    case 'stalled':
    case 'unknown': {
      const { reason } = decision
      const line = {
        text: say(`${text.en}: ${reason.message.en}`, `${text.fr}\u00a0: ${reason.message.fr}`),
        ...(reason.detail === undefined ? {} : { detail: reason.detail }),
        // What was given up has no time; those that go on have theirs below.
        ...(decision.kind === 'held' && decision.until !== undefined ? { until: decision.until } : {}),
      }
      if (decision.kind !== 'held') return [line, ...paused]
      if (decision.by === 'suspended') return [line]
      // What differs from the revision that it has is told below; what a later one will change is told nowhere else.
      const later = decision.by === 'wave' || decision.by === 'budget' ? decision.changes : []
      return [line, ...later.map(comesLater), ...paused]
    }
  }
}

function comesLater(change: Change): ExplanationLine {
  const { en, fr } = describeChange(change)
  return { text: say(`comes with it: ${en}`, `viendra avec elle\u00a0: ${fr}`) }
}

const reaches: Readonly<Record<Reach, Text>> = {
  up: say('on', 'allumé'),
  imager: say('in the imaging system', 'dans le système de déploiement d’images'),
  off: say('off', 'éteint'),
  silent: say('on, but it could not be read', 'allumé, mais impossible à examiner'),
}

function observedLines(observed: Observed | undefined, isDiskManaged: boolean): readonly ExplanationLine[] {
  if (observed === undefined) return [{ text: say('never observed', 'jamais examiné') }]
  return [
    { text: reaches[observed.reach], at: observed.observedAt },
    ...diskLines(observed.disk, isDiskManaged),
    ...(observed.facts === undefined ? [] : factLines(observed.facts)),
    ...observed.errors.map((error) => ({
      text: error.message,
      ...(error.detail === undefined ? {} : { detail: error.detail }),
    })),
  ]
}

function factLines(facts: Facts): readonly ExplanationLine[] {
  const { os, hardware, sessions } = facts
  const model = [hardware.vendor, hardware.model].filter((part) => part !== undefined).join(' ')
  const lines: ExplanationLine[] = [{ text: say(os.name, os.name), at: facts.at }]
  if (model !== '') lines.push({ text: say(model, model) })
  lines.push({ text: say('last start', 'dernier démarrage'), at: facts.bootedAt })
  if (facts.packages !== undefined) {
    const { installed, broken } = facts.packages
    lines.push({
      text: counted(
        installed.size,
        ['package installed', 'packages installed'],
        ['paquet installé', 'paquets installés'],
      ),
    })
    for (const one of broken) {
      lines.push({
        text: say(`package ${one.name} is broken`, `le paquet ${one.name} est endommagé`),
        detail: one.state,
      })
    }
  }
  for (const { user, terminal, since } of sessions) {
    const text = say(`${user} is logged in (${terminal})`, `session ouverte\u00a0: ${user} (${terminal})`)
    lines.push(since === undefined ? { text } : { text, at: since })
  }
  if (facts.loginsClosed === true) {
    lines.push({ text: say('nobody can log in now', 'personne ne peut ouvrir de session') })
  }
  if (facts.running !== undefined) {
    lines.push({ text: say('an action is under way on it', 'une opération y est en cours') })
  }
  return lines
}

function differenceLines(
  machine: DesiredMachine,
  site: DesiredSite,
  observed: Observed | undefined,
  history: History | undefined,
): readonly ExplanationLine[] {
  if (observed?.facts === undefined) return []
  const found = diff(machine, observed.facts, history?.applied ?? {})
  return [
    ...found.changes.map((change) => ({
      text: describeChange(change),
      ...written(machine, site, `${change.facet}.${change.item}`),
    })),
    ...found.reported.map((change) => {
      const text = describeChange(change)
      return { text: say(`only reported: ${text.en}`, `seulement signalé\u00a0: ${text.fr}`) }
    }),
    ...found.impossible.map((reason) => ({ text: reason.message })),
    ...found.unread.map((facet) => ({
      text: say(
        `${facetNames[facet].en}: could not be read`,
        `${facetNames[facet].fr}\u00a0: lecture impossible`,
      ),
    })),
  ]
}

const facetNames = {
  identity: say('identity', 'identité'),
  packages: say('packages', 'paquets'),
  scripts: say('scripts', 'scripts'),
} as const

function failureLines(machine: DesiredMachine, history: History | undefined): readonly ExplanationLine[] {
  const backoffs = history?.backoffs ?? []
  return backoffs.toSorted((a, b) => (a.key < b.key ? -1 : 1)).map((backoff) => failureLine(machine, backoff))
}

function failureLine(machine: DesiredMachine, backoff: Backoff): ExplanationLine {
  const { key, attempts, reason } = backoff
  const stalled = isStalled(backoff, machine.profile.retry)
  const item = key.slice(0, key.search(/[@=]|$/))
  const tries = counted(attempts, ['try', 'tries'], ['essai', 'essais'])
  const text = say(
    `${item}, ${tries.en}${stalled ? ', given up' : ''}: ${reason.message.en}`,
    `${item}, ${tries.fr}${stalled ? ', abandonné' : ''}\u00a0: ${reason.message.fr}`,
  )
  return {
    text,
    ...(reason.detail === undefined ? {} : { detail: reason.detail }),
    ...(stalled ? {} : { until: backoff.notBefore }),
  }
}
