/** What the audit log says of a rollout: the difference between how it was and how it is. */
import { say } from '../specs/text.ts'
import type { EventKind } from './model/event.ts'
import type { SiteId } from './model/ids.ts'
import type { Text } from './model/reason.ts'
import type { Rollout, RolloutPhase, Wave } from './model/rollout.ts'
import { failedText, waveAwaitsApproval, waveShowsNothing } from './rollout-reasons.ts'
import { emptyTally, machinesIn, type RolloutTally, type Tally } from './rollout-tally.ts'
import { counted, formatCount, machines } from './wording.ts'

export type News = {
  readonly kind: EventKind
  /** Who or what caused it; undefined: the loop. */
  readonly actor?: string
  readonly message: Text
  readonly data: Readonly<Record<string, unknown>>
}

export function newsOf(before: Rollout, after: Rollout, tally: RolloutTally): readonly News[] {
  const news: News[] = []
  const data = { rollout: after.id, revision: after.revision }
  const add = (
    kind: EventKind,
    message: Text,
    more: Readonly<Record<string, unknown>> = {},
    actor?: string,
  ) => news.push({ kind, message, data: { ...data, ...more }, ...(actor === undefined ? {} : { actor }) })

  const phase = phaseNews(before.phase, after.phase, tally.total)
  // Going on comes before what follows from it, an end after.
  const isFirst = phase?.kind === 'rollout-resumed'
  if (isFirst) add(phase.kind, phase.message, phase.data, phase.actor)
  // Of a park without waves there is only one, and nobody wrote it.
  for (const [index, wave] of after.policy.waves.length === 0 ? [] : after.waves.entries()) {
    for (const told of waveNews(before.waves[index], wave, index, after.waves, tally.waves[index]))
      add(told.kind, told.message, { wave: index + 1, ...told.data }, told.actor)
  }
  for (const site of Object.keys(after.heldSites) as SiteId[]) {
    if (before.heldSites[site] === undefined)
      add('lycee-held', siteHeld(site, tally.sites.get(site)), { site })
  }
  if (phase !== undefined && !isFirst) add(phase.kind, phase.message, phase.data, phase.actor)
  return news
}

function waveNews(
  before: Wave | undefined,
  wave: Wave,
  index: number,
  waves: readonly Wave[],
  tally: Tally | undefined,
): readonly News[] {
  // Nobody is in it: there is nothing to tell.
  if (wave.machines === 0) return []
  const news: News[] = []
  const own = index + 1
  const total = countedWaves(waves)
  const isFirst = (key: 'openedAt' | 'passedAt'): boolean =>
    wave[key] !== undefined && before?.[key] === undefined
  if (isFirst('openedAt'))
    news.push({ kind: 'wave-opened', message: waveOpened(own, total, wave.machines), data: {} })
  // It may be asked for twice: before it opens, and when it could reach nobody.
  const { awaitsApprovalSince } = wave
  if (awaitsApprovalSince !== undefined && awaitsApprovalSince !== before?.awaitsApprovalSince) {
    const reason = wave.openedAt === undefined ? waveAwaitsApproval(own, total) : waveShowsNothing(own, total)
    news.push({ kind: 'wave-awaits-approval', message: reason.message, data: { code: reason.code } })
  }
  if (isFirst('passedAt'))
    news.push({ kind: 'wave-passed', message: wavePassed(own, total, tally), data: { ...tally } })
  return news
}

/** Waves that have machines come first in what people count; an empty last one is not told of. */
export const countedWaves = (waves: readonly Wave[]): number =>
  waves.at(-1)?.machines === 0 ? waves.length - 1 : waves.length

function phaseNews(before: RolloutPhase, after: RolloutPhase, total: Tally): News | undefined {
  if (before.kind === after.kind) return undefined
  const data = { ...total }
  switch (after.kind) {
    case 'running':
      return {
        kind: 'rollout-resumed',
        message: say('The rollout goes on.', 'Le déploiement reprend.'),
        data,
      }
    case 'paused':
      return {
        kind: 'rollout-paused',
        actor: after.who,
        message: after.reason.message,
        data: { ...data, code: after.reason.code, by: after.by },
      }
    // Over in a moment, and then told.
    case 'closing':
      return undefined
    case 'done':
    case 'aborted':
    case 'superseded':
    case 'rolled-back':
      return {
        kind: 'rollout-ended',
        actor: after.who,
        message: ended(after, total),
        data: { ...data, how: after.kind, ...untriedOf(after) },
      }
  }
}

const waveOpened = (own: number, total: number, count: number): Text => {
  const { en, fr } = machines(count)
  return say(`Wave ${own} of ${total} opens: ${en}.`, `La vague ${own} sur ${total} s’ouvre\u00a0: ${fr}.`)
}

const wavePassed = (own: number, total: number, tally: Tally | undefined): Text => {
  const { succeeded, unneeded, deferred } = tally ?? emptyTally
  const [fine, failed, later] = [
    well(succeeded + unneeded),
    failedText(tally ?? emptyTally),
    toFollow(deferred),
  ]
  const tail = deferred === 0 ? say('', '') : say(`, ${later.en}`, `, ${later.fr}`)
  return say(
    `Wave ${own} of ${total} has passed: ${fine.en}, ${failed.en}${tail.en}.`,
    `La vague ${own} sur ${total} est passée\u00a0: ${fine.fr}, ${failed.fr}${tail.fr}.`,
  )
}

/** As wanted, whether or not something had to be done. */
const well = (number: number): Text => counted(number, ['well', 'well'], ['sain', 'sains'])

const toFollow = (number: number): Text => counted(number, ['to follow', 'to follow'], ['suivra', 'suivront'])

const siteHeld = (site: SiteId, tally: Tally | undefined): Text => {
  const { succeeded = 0, attempted = 0, failed = 0 } = tally ?? {}
  const tried = count(succeeded + attempted + failed)
  return say(
    `${site} is held: it failed on ${count(failed).en} of ${tried.en} machines there.`,
    `${site} est retenu\u00a0: échec sur ${count(failed).fr} de ses ${tried.fr} postes essayés.`,
  )
}

type Ended = Extract<RolloutPhase, { kind: 'done' | 'aborted' | 'superseded' | 'rolled-back' }>

const untriedOf = (phase: Ended) =>
  phase.kind === 'done' && phase.untried !== undefined ? { untried: phase.untried } : {}

function ended(phase: Ended, total: Tally): Text {
  const why = phase.why === undefined ? say('', '') : say(` (${phase.why})`, ` (${phase.why})`)
  switch (phase.kind) {
    case 'done':
      return done(phase.untried ?? 0, total)
    case 'aborted':
      return say(
        `The rollout was ended by ${phase.who}${why.en}: machines on which it was tried keep it, the others stay as they are.`,
        `Le déploiement a été arrêté par ${phase.who}${why.fr}\u00a0: les postes essayés le gardent, les autres restent en l’état.`,
      )
    case 'superseded':
      return say('A newer revision takes its place.', 'Une révision plus récente prend sa place.')
    case 'rolled-back':
      return say(
        `The rollout is taken back by ${phase.who}${why.en}: machines on which it was tried return to what was before.`,
        `Le déploiement est annulé par ${phase.who}${why.fr}\u00a0: les postes essayés reviennent à l’état précédent.`,
      )
  }
}

function done(untried: number, total: Tally): Text {
  const { succeeded, unneeded, deferred, pending } = total
  if (untried > 0 && untried === machinesIn(total)) return doneUntried(untried)
  const left = deferred + pending
  const [fine, failed, later] = [well(succeeded + unneeded), failedText(total), toFollow(left)]
  const note = untried === 0 ? say('', '') : notTried(untried === left ? undefined : count(untried))
  return say(
    `The rollout is done: ${fine.en}, ${failed.en}, ${later.en}${note.en}.`,
    `Le déploiement est terminé\u00a0: ${fine.fr}, ${failed.fr}, ${later.fr}${note.fr}.`,
  )
}

const notTried = (some: Text | undefined): Text =>
  some === undefined
    ? say(', on which nothing was tried', ', sans que rien n’y ait été tenté')
    : say(
        `, on ${some.en} of which nothing was tried`,
        `, sans que rien n’ait été tenté sur ${some.fr} d’entre eux`,
      )

const doneUntried = (left: number): Text => {
  const { en, fr } = machines(left)
  return say(
    `The rollout is done, and nothing was ever tried: ${en} could not be reached. What fails on those that follow stops nothing any more: look at the first ones with “proviseur status”.`,
    `Le déploiement est terminé sans que rien n’ait jamais été tenté\u00a0: ${fr} hors d’atteinte. Un échec sur ceux qui suivront n’arrêtera plus rien\u00a0: voyez les premiers avec «\u00a0proviseur status\u00a0».`,
  )
}

const count = (number: number): Text => say(formatCount(number, 'en'), formatCount(number, 'fr'))
