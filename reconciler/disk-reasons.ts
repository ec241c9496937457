/** What is told about disks that are not, or cannot be, as wanted. */
import { say } from '../specs/text.ts'
import type { Reason } from './model/reason.ts'

export const diskVersionNotImported = (image: string): Reason => ({
  code: 'image-version-without-digest',
  message: say(
    `The image version ${image} has no digest in its spec, so nothing is written: make it with “proviseur image import” and commit its digest.`,
    `La version d’image ${image} n’a pas d’empreinte dans sa spécification\u00a0: rien n’est écrit. Créez-la avec «\u00a0proviseur image import\u00a0», puis validez son empreinte.`,
  ),
})

export const diskNeverObserved: Reason = {
  code: 'disk-never-observed',
  message: say(
    'An image is wanted, but nobody has looked at the disk yet: it is decided on after its first start, from the network or from its own system.',
    'Une image est demandée, mais le disque n’a pas encore été examiné\u00a0: la décision sera prise après son premier démarrage, par le réseau ou sur son propre système.',
  ),
}

export const windowsRunning: Reason = {
  code: 'windows-running',
  message: say(
    'Windows is running and cannot be restarted from here: it is done as soon as the PC is off, or starts from the network.',
    'Windows est en cours d’exécution et ne peut pas être redémarré d’ici\u00a0: l’opération aura lieu dès que le poste sera éteint ou démarrera par le réseau.',
  ),
}

export const diskNotManaged: Reason = {
  code: 'disk-not-managed',
  message: say(
    'The disk is not managed: give the machine an `image` and its lycée a `server` in the specs.',
    'Le disque n’est pas géré\u00a0: donnez au poste une `image` et à son lycée un `server` dans les spécifications.',
  ),
}

export const diskNotOurs: Reason = {
  code: 'disk-not-ours',
  message: say(
    'The disk was not written from an image, so there is nothing to go back to or to compare with: it is written first, as “proviseur plan” shows.',
    'Le disque n’a pas été écrit à partir d’une image\u00a0: il n’y a rien à quoi revenir ni à comparer. Il sera d’abord écrit, comme le montre «\u00a0proviseur plan\u00a0».',
  ),
}

export const resetNever: Reason = {
  code: 'reset-never',
  message: say(
    'The spec forbids resets of this machine (`reset: { policy: never }`).',
    'La spécification interdit la remise en état de ce poste (`reset: { policy: never }`).',
  ),
}

export const resetAfterLayout: Reason = {
  code: 'reset-after-layout',
  message: say(
    'The wanted disk layout is another than the disk has: it is rewritten in the next window instead.',
    'L’organisation du disque demandée diffère de celle du poste\u00a0: il sera réécrit dans la prochaine fenêtre.',
  ),
}

export const requestServed: Reason = {
  code: 'request-served',
  message: say(
    'The disk was made equal to its image in another way since this was asked for.',
    'Le disque a été rétabli selon son image d’une autre manière depuis cette demande.',
  ),
}

export const machineGone: Reason = {
  code: 'machine-gone',
  message: say('The machine is not in the park any more.', 'Le poste ne fait plus partie du parc.'),
}
