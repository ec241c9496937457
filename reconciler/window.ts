/** Maintenance windows: may something start now that takes so long, and if not, when? */
import type { Effect, Window } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import { entryOf } from './entry.ts'
import type { Instant } from './model/ids.ts'
import type { Reason } from './model/reason.ts'
import { createTimetable, type Timetable } from './timetable.ts'

export type Opening =
  /** `until`: open at least so long; at most two days ahead, or as long as was asked for. */
  | { readonly open: true; readonly until: Instant }
  /** `until`: when it opens for long enough. Undefined: not within the next 400 days. */
  | { readonly open: false; readonly until?: Instant; readonly reason: Reason }

/** What an action may have to know of the end of a window. A fixed length, so that an answer never depends on the questions before it. */
const foresightMs = 48 * 3600_000

/**
 * Whether windows in the wall-clock time of `zone` (IANA) let something of this effect start at `now` and finish within
 * `neededMs`. No allowing window at all: open wherever nothing denies.
 */
export function openFor(
  windows: readonly Window[],
  zone: string,
  effect: Effect,
  now: Instant,
  neededMs: number,
): Opening {
  return ask(createTimetable(windows, zone, now), effect, now, neededMs)
}

/** The windows of one machine at the instant of a pass. */
export type Openings = (effect: Effect, neededMs: number) => Opening

/**
 * The same answers as `openFor` for one instant, worked out once for machines with equal windows: a region of 15,000 PCs
 * has some hundred timetables. Keep it for one pass only.
 */
export function createOpenings(now: Instant): (windows: readonly Window[], zone: string) => Openings {
  const byList = new Map<string, Map<readonly Window[], Openings>>()
  const byContent = new Map<string, Openings>()
  return (windows, zone) => {
    const lists = entryOf(byList, zone, () => new Map<readonly Window[], Openings>())
    return entryOf(lists, windows, () => {
      const content = `${zone}\n${JSON.stringify(windows, withoutOrigin)}`
      return entryOf(byContent, content, () => answers(windows, zone, now))
    })
  }
}

function answers(windows: readonly Window[], zone: string, now: Instant): Openings {
  const timetable = createTimetable(windows, zone, now)
  const known: Readonly<Record<Effect, Map<number, Opening>>> = {
    quiet: new Map(),
    disruptive: new Map(),
    destructive: new Map(),
  }
  return (effect, neededMs) => {
    const answer = known[effect].get(neededMs) ?? ask(timetable, effect, now, neededMs)
    known[effect].set(neededMs, answer)
    return answer
  }
}

function ask(timetable: Timetable, effect: Effect, now: Instant, neededMs: number): Opening {
  const foresight = now + Math.max(foresightMs, neededMs)
  while (timetable.end() < foresight && timetable.extend());
  do {
    for (const { from, to } of timetable.open(effect)) {
      if (to - from < neededMs) continue
      if (from <= now) return { open: true, until: Math.min(to, foresight) }
      return { open: false, until: from, reason: whyClosed(timetable, effect, now) }
    }
  } while (timetable.extend())
  return { open: false, reason: neverOpens(timetable, effect, now) }
}

function whyClosed(timetable: Timetable, effect: Effect, now: Instant): Reason {
  const current = timetable.current()
  const denying = current.find((span) => span.window.deny)?.window
  if (denying !== undefined) return denied(denying)
  if (timetable.open(effect).some((one) => one.from <= now)) {
    return {
      code: 'window-too-short',
      message: say(
        'What is left of the maintenance window is too short for this to finish: it waits for the next one that is long enough.',
        'Le temps restant dans la fenêtre de maintenance ne suffit pas\u00a0: l’opération attend la prochaine fenêtre assez longue.',
      ),
    }
  }
  if (current.length > 0) {
    return {
      code: 'window-allows-less',
      message: say(
        `The window open now allows less than ${effectText[effect].en}: this waits for a window that allows it.`,
        `La fenêtre actuellement ouverte n’autorise pas ${effectText[effect].fr}\u00a0: l’opération attend une fenêtre qui l’autorise.`,
      ),
    }
  }
  return {
    code: 'outside-window',
    message: say(
      'No maintenance window is open now.',
      'Aucune fenêtre de maintenance n’est ouverte en ce moment.',
    ),
  }
}

function denied(window: Window): Reason {
  const { span } = window
  if (span.kind === 'calendar') {
    return {
      code: 'window-denied',
      message: say(
        `The calendar “${span.calendar}” forbids any change at present.`,
        `Le calendrier «\u00a0${span.calendar}\u00a0» interdit toute modification en ce moment.`,
      ),
    }
  }
  return {
    code: 'window-denied',
    message: say(
      'A window that forbids changes is in force.',
      'Une fenêtre d’interdiction est en vigueur en ce moment.',
    ),
  }
}

function neverOpens(timetable: Timetable, effect: Effect, now: Instant): Reason {
  if (timetable.open(effect).length > 0) {
    return {
      code: 'window-never-long-enough',
      message: say(
        'None of the windows of the next 400 days is long enough: make one longer, or split what is to be done.',
        'Aucune fenêtre des 400 prochains jours n’est assez longue\u00a0: allongez-en une, ou répartissez les opérations.',
      ),
    }
  }
  const present = whyClosed(timetable, effect, now)
  return {
    code: 'window-never-opens',
    message: say(
      `${present.message.en} Nothing opens within 400 days: look at the windows in the specs.`,
      `${present.message.fr} Rien ne s’ouvre avant 400 jours\u00a0: vérifiez les fenêtres dans les spécifications.`,
    ),
  }
}

const effectText = {
  quiet: say('a change that nobody notices', 'une modification discrète'),
  disruptive: say(
    'a change that disturbs (restart, logoff)',
    'une modification gênante (redémarrage, déconnexion)',
  ),
  destructive: say('rewriting the disk', 'la réécriture du disque'),
} as const

/** Where a window was written does not change when it opens. */
const withoutOrigin = (key: string, value: unknown): unknown => (key === 'origin' ? undefined : value)
