import type { Reason } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'

export const off: Reason = { code: 'off', message: say('The PC is off.', 'Le poste est éteint.') }

export const lost: Reason = {
  code: 'connection-lost',
  message: say('The connection broke.', 'La connexion a été coupée.'),
}

export const asleep: Reason = {
  code: 'did-not-wake',
  message: say('The PC did not wake.', 'Le poste ne s’est pas réveillé.'),
}

export const didNotCome: Reason = {
  code: 'imager-not-started',
  message: say('The PC did not start the imager.', 'Le poste n’a pas démarré l’imageur.'),
}

export const busy: Reason = {
  code: 'action-running',
  message: say('Another action runs on the PC.', 'Une autre opération est en cours sur le poste.'),
}

export const interrupted: Reason = {
  code: 'interrupted',
  message: say('The action was cut off.', 'L’opération a été interrompue.'),
}

export const keyChanged: Reason = {
  code: 'host-key-changed',
  message: say('The PC’s host key has changed.', 'La clé d’hôte du poste a changé.'),
}

export const occupied: Reason = {
  code: 'occupied',
  message: say('Somebody has logged in.', 'Une session a été ouverte.'),
}

export const tooLate: Reason = {
  code: 'past-deadline',
  message: say('It came too late to be begun.', 'L’ordre est arrivé trop tard pour être exécuté.'),
}

export const refused = (code: string): Reason => ({
  code,
  message: say('The PC obeys a newer target.', 'Le poste suit une cible plus récente.'),
})

export const notAsAssumed = (name: string): Reason => ({
  code: 'wrong-precondition',
  message: say(`${name} is not as the plan assumed.`, `${name} n’est pas dans l’état prévu par le plan.`),
})
