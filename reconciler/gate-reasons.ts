/** What the gates tell a technician. The texts name no machine, so that a status can say them once for a whole room. */
import { say } from '../specs/text.ts'
import type { Backoff, Pause } from './model/plan.ts'
import type { Reason } from './model/reason.ts'

export const paused = (pause: Pause): Reason => ({
  code: 'paused',
  message: say(
    `Paused by ${pause.who}: ${pause.why}. Lift it with “proviseur resume”.`,
    `Suspendu par ${pause.who}\u00a0: ${pause.why}. Pour reprendre\u00a0: «\u00a0proviseur resume\u00a0».`,
  ),
})

export const inFlight: Reason = {
  code: 'in-flight',
  message: say(
    'An action is under way on this machine; what comes next is decided when it has ended.',
    'Une opération est en cours sur ce poste\u00a0; la suite se décidera lorsqu’elle sera terminée.',
  ),
}

export const runningOnMachine: Reason = {
  code: 'running-on-machine',
  message: say(
    'The machine still runs an action that was started earlier; it is left to finish.',
    'Le poste exécute encore une opération lancée auparavant\u00a0; elle ira à son terme.',
  ),
}

export const unseen: Reason = {
  code: 'never-observed',
  message: say(
    'Nobody has looked at this machine yet; it is decided upon after the first look.',
    'Ce poste n’a pas encore été examiné\u00a0; la décision sera prise après le premier examen.',
  ),
}

export const stale: Reason = {
  code: 'observation-stale',
  message: say(
    'The last look at this machine is too old to act on; it is looked at again first.',
    'Le dernier examen de ce poste est trop ancien pour agir\u00a0; il sera d’abord examiné à nouveau.',
  ),
}

export const checksNotAsked: Reason = {
  code: 'checks-not-asked',
  message: say(
    'The last look did not ask about all of the scripts that are wanted now; it is looked at again first.',
    'Le dernier examen n’a pas porté sur tous les scripts désormais demandés\u00a0; le poste sera d’abord examiné à nouveau.',
  ),
}

export function backingOff(backoff: Backoff): Reason {
  const { message } = backoff.reason
  const text =
    backoff.class === 'wait'
      ? say(`Waiting: ${message.en}`, `En attente\u00a0: ${message.fr}`)
      : say(`To be tried again: ${message.en}`, `Nouvel essai prévu\u00a0: ${message.fr}`)
  const reason: Reason = { code: 'backing-off', message: text }
  return backoff.reason.detail === undefined ? reason : { ...reason, detail: backoff.reason.detail }
}

/** The code stays that of the failure, by which its remedy is found. */
export function givenUp({ reason }: Backoff): Reason {
  const { message } = reason
  return {
    ...reason,
    message: say(
      `${message.en} Given up: it will not be tried again until a new commit changes it, or “proviseur retry MACHINE”.`,
      `${message.fr} Abandonné\u00a0: aucun nouvel essai avant qu’un nouveau commit le modifie, ou «\u00a0proviseur retry POSTE\u00a0».`,
    ),
  }
}

export const wakeNotAllowed: Reason = {
  code: 'wake-not-allowed',
  message: say(
    'The machine is off and its spec does not let it be woken; it is put right when somebody turns it on.',
    'Le poste est éteint et sa spécification n’autorise pas son réveil\u00a0; il sera mis à jour dès qu’on l’allumera.',
  ),
}

export const occupied: Reason = {
  code: 'session-open',
  message: say(
    'Somebody is logged in; it is done after the session has ended.',
    'Une session est ouverte\u00a0; l’opération aura lieu après la déconnexion.',
  ),
}
