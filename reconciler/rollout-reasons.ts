/** What a rollout tells a technician. */
import { say } from '../specs/text.ts'
import type { Reason, Text } from './model/reason.ts'
import type { Tally } from './rollout-tally.ts'
import { counted, formatCount } from './wording.ts'

/** `2 failed, 1 accepted failure`: who reads that somebody has accepted failures must still see that they are there. */
export const failedText = ({ failed, accepted }: Pick<Tally, 'failed' | 'accepted'>): Text => {
  const [en, fr] = [`${formatCount(failed, 'en')} failed`, `${formatCount(failed, 'fr')} en échec`]
  if (accepted === 0) return say(en, fr)
  const apart = counted(
    accepted,
    ['accepted failure', 'accepted failures'],
    ['échec accepté', 'échecs acceptés'],
  )
  return say(`${en}, ${apart.en}`, `${fr}, ${apart.fr}`)
}

export const tooManyFailures = (failed: number, tried: number, limit: number): Reason => ({
  code: 'too-many-failures',
  message: say(
    `The rollout has stopped itself: it failed on ${formatCount(failed, 'en')} of the ${formatCount(tried, 'en')} machines on which it was tried (limit ${percent(limit)}%). See which with “proviseur rollout status”; then commit a correction, or go back with “proviseur rollout rollback”, or go on all the same with “proviseur rollout resume”.`,
    `Le déploiement s’est interrompu de lui-même\u00a0: échec sur ${formatCount(failed, 'fr')} des ${formatCount(tried, 'fr')} postes essayés (limite\u00a0: ${percent(limit)}\u00a0%). Pour savoir lesquels\u00a0: «\u00a0proviseur rollout status\u00a0»\u00a0; puis validez une correction, revenez en arrière avec «\u00a0proviseur rollout rollback\u00a0», ou continuez malgré tout avec «\u00a0proviseur rollout resume\u00a0».`,
  ),
})

/** Of a wave, counted from 1, whose deadline is over. */
export const tooFewSuccesses = (wave: number, succeeded: number, tried: number, share: number): Reason => ({
  code: 'too-few-successes',
  message: say(
    `The rollout has stopped itself: of the ${formatCount(tried, 'en')} machines of wave ${wave} on which it was tried, ${formatCount(succeeded, 'en')} were well when its deadline was over (${percent(share)}% are needed). See which were not with “proviseur rollout status”; then commit a correction, or go back with “proviseur rollout rollback”, or go on all the same with “proviseur rollout resume”.`,
    `Le déploiement s’est interrompu de lui-même\u00a0: sur les ${formatCount(tried, 'fr')} postes essayés de la vague ${wave}, ${formatCount(succeeded, 'fr')} étaient sains à son échéance (il en faut ${percent(share)}\u00a0%). Pour savoir lesquels ne le sont pas\u00a0: «\u00a0proviseur rollout status\u00a0»\u00a0; puis validez une correction, revenez en arrière avec «\u00a0proviseur rollout rollback\u00a0», ou continuez malgré tout avec «\u00a0proviseur rollout resume\u00a0».`,
  ),
})

export const pausedBy = (who: string, why: string | undefined): Reason => ({
  code: 'rollout-paused',
  message: say(
    `The rollout was paused by ${who}${why === undefined ? '' : `: ${why}`}. It goes on with “proviseur rollout resume”.`,
    `Le déploiement a été suspendu par ${who}${why === undefined ? '' : `\u00a0: ${why}`}. Pour le reprendre\u00a0: «\u00a0proviseur rollout resume\u00a0».`,
  ),
})

/** Of a machine whose wave is not open; waves are counted from 1. */
export const waveNotOpen = (own: number, current: number, total: number): Reason => ({
  code: 'wave-not-open',
  message: say(
    `The new revision comes to this machine with wave ${own} of ${total}; wave ${current} is under way and must have stayed well first.`,
    `La nouvelle révision arrivera sur ce poste avec la vague ${own} sur ${total}\u00a0; la vague ${current} est en cours et doit d’abord être restée saine.`,
  ),
})

export const waveAwaitsApproval = (wave: number, total: number): Reason => ({
  code: 'wave-awaits-approval',
  message: say(
    `Wave ${wave} of ${total} waits for somebody’s approval: “proviseur rollout approve”.`,
    `La vague ${wave} sur ${total} attend l’approbation d’une personne\u00a0: «\u00a0proviseur rollout approve\u00a0».`,
  ),
})

export const waveShowsNothing = (wave: number, total: number): Reason => ({
  code: 'wave-shows-nothing',
  message: say(
    `None of the machines of wave ${wave} of ${total} could be reached before its deadline, so it shows nothing: switch some on, or go on without it with “proviseur rollout approve”.`,
    `Aucun poste de la vague ${wave} sur ${total} n’a pu être atteint avant son échéance\u00a0: elle ne montre rien. Allumez-en, ou passez outre avec «\u00a0proviseur rollout approve\u00a0».`,
  ),
})

export const lyceeHeld: Reason = {
  code: 'lycee-held',
  message: say(
    'Too much of the new revision has failed in this lycée: nothing more of it is started here. See why with “proviseur rollout status”; it goes on with “proviseur rollout resume”.',
    'La nouvelle révision a trop souvent échoué dans ce lycée\u00a0: rien de plus n’y est lancé. Pour comprendre\u00a0: «\u00a0proviseur rollout status\u00a0»\u00a0; pour reprendre\u00a0: «\u00a0proviseur rollout resume\u00a0».',
  ),
}

export const rolloutClosing: Reason = {
  code: 'rollout-closing',
  message: say(
    'The rollout of this revision is being ended; what the machine is to be is decided in a moment.',
    'Le déploiement de cette révision est en cours d’arrêt\u00a0; la suite se décidera dans un instant.',
  ),
}

export const orderTooLate: Reason = {
  code: 'rollout-over',
  message: say(
    'The rollout that this was ordered for is over: nothing was done.',
    'Le déploiement visé par cet ordre est terminé\u00a0: rien n’a été fait.',
  ),
}

export const notPaused: Reason = {
  code: 'rollout-not-paused',
  message: say(
    'The rollout is not paused: there is nothing to resume.',
    'Le déploiement n’est pas suspendu\u00a0: il n’y a rien à reprendre.',
  ),
}

export const pausedAlready: Reason = {
  code: 'rollout-paused-already',
  message: say(
    'The rollout is paused already: nothing was done. See “proviseur rollout status”.',
    'Le déploiement est déjà suspendu\u00a0: rien n’a été fait. Voir «\u00a0proviseur rollout status\u00a0».',
  ),
}

export const nothingToApprove: Reason = {
  code: 'nothing-to-approve',
  message: say(
    'No wave waits for an approval: nothing was done.',
    'Aucune vague n’attend d’approbation\u00a0: rien n’a été fait.',
  ),
}

export const nothingToGoBackTo: Reason = {
  code: 'nothing-to-go-back-to',
  message: say(
    'This is the park’s first revision: there is none to go back to. Commit a correction, or end it with “proviseur rollout abort”.',
    'C’est la première révision du parc\u00a0: il n’y en a aucune à laquelle revenir. Validez une correction, ou arrêtez avec «\u00a0proviseur rollout abort\u00a0».',
  ),
}

export const wasGivenUp: Reason = {
  code: 'revision-given-up',
  message: say(
    'The rollout of this revision was aborted or taken back, and is not begun again: commit a correction.',
    'Le déploiement de cette révision a été arrêté ou annulé, et ne recommence pas\u00a0: validez une correction.',
  ),
}

/** One decimal at most. */
export const percent = (share: number): number => Math.round(share * 1000) / 10
