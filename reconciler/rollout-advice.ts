/** Where a rollout is, in one sentence, and what there is to do about it. */
import { say } from '../specs/text.ts'
import type { Text } from './model/reason.ts'
import type { Rollout } from './model/rollout.ts'
import { countedWaves } from './rollout-news.ts'
import { askedWave } from './rollout-orders.ts'
import { failedText, waveAwaitsApproval, waveShowsNothing } from './rollout-reasons.ts'
import { machinesIn, type Tally } from './rollout-tally.ts'
import { counted, formatCount, machines } from './wording.ts'

/** Nothing that somebody who gave this park no waves would want to read of each commit. */
export const isWorthTelling = ({ policy, phase, isRollback }: Rollout): boolean =>
  policy.waves.length > 0 || isRollback || (phase.kind !== 'running' && phase.kind !== 'done')

/** Of one that is under way. The revision's name goes before it. */
export function rolloutHeadline(rollout: Rollout, total: Tally): Text {
  const { phase, waves } = rollout
  switch (phase.kind) {
    case 'paused':
      return phase.reason.message
    case 'closing':
      return closingText[phase.to]
    default:
  }
  const asked = askedText(rollout)
  if (asked !== undefined) return asked
  const { succeeded, unneeded } = total
  const failed = failedText(total)
  const all = machines(waves.reduce((sum, wave) => sum + wave.machines, 0))
  const [current, number] = currentWave(rollout)
  const well = succeeded + unneeded
  return say(
    `wave ${current} of ${number}, ${formatCount(well, 'en')} of ${all.en} well, ${failed.en}.`,
    `vague ${current} sur ${number}, ${counted(well, ['', ''], ['sain', 'sains']).fr} sur ${all.fr}, ${failed.fr}.`,
  )
}

/** The wave that must pass next, and how many there are; from 1. */
export function currentWave({ waves }: Rollout): readonly [current: number, total: number] {
  const total = Math.max(1, countedWaves(waves))
  const index = waves.findIndex(({ passedAt }) => passedAt === undefined)
  return [index < 0 ? total : Math.min(index + 1, total), total]
}

function askedText(rollout: Rollout): Text | undefined {
  const { waves } = rollout
  const index = askedWave(rollout)
  if (index < 0) return undefined
  const text = waves[index]?.openedAt === undefined ? waveAwaitsApproval : waveShowsNothing
  return text(index + 1, countedWaves(waves)).message
}

const closingText = {
  aborted: say('it is being ended.', 'arrêt en cours.'),
  superseded: say('a newer revision is taking its place.', 'une révision plus récente prend sa place.'),
  'rolled-back': say('it is being taken back.', 'retour en arrière en cours.'),
} as const

export function rolloutAdvice(rollout: Rollout, total: Tally): readonly Text[] {
  switch (rollout.phase.kind) {
    case 'running':
      return running(rollout)
    case 'paused':
      return rollout.phase.by === 'person' ? [resume, away(rollout)] : [correct, away(rollout), goOn]
    case 'closing':
      return [inAMoment]
    case 'done':
      return done(total)
    case 'aborted':
      return [correctAgain]
    case 'superseded':
    case 'rolled-back':
      return []
  }
}

function running(rollout: Rollout): readonly Text[] {
  const held = Object.keys(rollout.heldSites).length
  const asked = askedText(rollout)
  return [
    ...(asked === undefined ? [] : [asked]),
    ...(held === 0 ? [] : [heldLycees(held)]),
    ...(asked === undefined && held === 0 ? [nothingToDo] : []),
  ]
}

function done(total: Tally): readonly Text[] {
  const [left, later] = [total.failed + total.accepted, total.deferred + total.pending]
  if (later > 0 && later === machinesIn(total)) return [lookAtFirst, follow(later)]
  return [...(left === 0 ? [] : [mend(left)]), ...(later === 0 ? [] : [follow(later)])]
}

const nothingToDo = say(
  'Nothing to do: it goes on by itself. To stop it: proviseur rollout pause --why "…"',
  'Rien à faire\u00a0: il se poursuit tout seul. Pour l’arrêter\u00a0: proviseur rollout pause --why "…"',
)

const heldLycees = (count: number): Text => {
  const { en, fr } = counted(count, ['lycée is held', 'lycées are held'], ['lycée retenu', 'lycées retenus'])
  return say(
    `${en} by what failed there, the others go on. Mend it, then: proviseur rollout resume --why "…"`,
    `${fr} par ses propres échecs, les autres continuent. Corrigez, puis\u00a0: proviseur rollout resume --why "…"`,
  )
}

const resume = say(
  'To let it go on: proviseur rollout resume --why "…"',
  'Pour le reprendre\u00a0: proviseur rollout resume --why "…"',
)

const correct = say(
  'Is it the commit? Commit a correction: it takes this one’s place, and nobody is moved backwards.',
  'La faute au commit\u00a0? Validez une correction\u00a0: elle prend sa place, sans qu’aucun poste ne revienne en arrière.',
)

const away = ({ base }: Rollout): Text => (base === null ? leave : goBack)

const leave = say(
  'To start it nowhere else: proviseur rollout abort --why "…"',
  'Pour ne plus la lancer ailleurs\u00a0: proviseur rollout abort --why "…"',
)

const goBack = say(
  'To go back where it was tried: proviseur rollout rollback --why "…". To leave it there and start it nowhere else: proviseur rollout abort --why "…"',
  'Pour revenir en arrière là où elle a été essayée\u00a0: proviseur rollout rollback --why "…". Pour l’y laisser et ne plus la lancer ailleurs\u00a0: proviseur rollout abort --why "…"',
)

const goOn = say(
  'Is it these machines? Mend them, and go on; these failures no longer count then: proviseur rollout resume --why "…"',
  'La faute à ces postes\u00a0? Réparez-les, puis continuez\u00a0; ces échecs ne compteront plus\u00a0: proviseur rollout resume --why "…"',
)

const inAMoment = say(
  'A running proviseur up ends it in a moment.',
  'Un proviseur up en cours y met fin dans un instant.',
)

const correctAgain = say(
  'This revision is not begun again: commit a correction, or revert it in Git.',
  'Cette révision ne recommence pas\u00a0: validez une correction, ou annulez-la dans Git.',
)

const mend = (count: number): Text => {
  const { en, fr } = machines(count)
  return say(
    `${en} failed: mend the cause, then proviseur retry, or commit a correction.`,
    `${fr} en échec\u00a0: corrigez la cause, puis proviseur retry, ou validez une correction.`,
  )
}

const lookAtFirst = say(
  'Nothing shows yet that this revision is any good: switch a few of the machines on, and look at them before the others follow (proviseur status). If it is bad, commit a correction, or revert it in Git.',
  'Rien ne montre encore que cette révision est bonne\u00a0: allumez quelques postes, et voyez-les avant que les autres ne suivent (proviseur status). Si elle est mauvaise, validez une correction, ou annulez-la dans Git.',
)

const follow = (count: number): Text => {
  const { en, fr } = machines(count)
  return count === 1
    ? say(
        `${en} could not be reached yet: it follows by itself when it is on. If it fails then, nothing stops for it: proviseur status shows it.`,
        `${fr} pas encore atteint\u00a0: il suivra de lui-même une fois allumé. S’il échoue alors, rien ne s’arrête pour autant\u00a0: proviseur status le montre.`,
      )
    : say(
        `${en} could not be reached yet: they follow by themselves when they are on. What fails on them then stops nothing any more: proviseur status shows it.`,
        `${fr} pas encore atteints\u00a0: ils suivront d’eux-mêmes une fois allumés. Un échec n’y arrêtera plus rien\u00a0: proviseur status le montre.`,
      )
}
