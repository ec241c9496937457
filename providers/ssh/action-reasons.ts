/** What may be said of an action as a whole. What a change failed at is said by its own driver. */
import type { FailureClass } from '../../reconciler/model/plan.ts'
import type { Reason, Text } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'

type Refusal =
  | { readonly kind: 'refused' | 'wrong-precondition'; readonly reason: Reason }
  | { readonly kind: 'failed'; readonly class: FailureClass; readonly reason: Reason }

const reason = (code: string, message: Text, detail?: string): Reason =>
  detail === undefined || detail === '' ? { code, message } : { code, message, detail }

/** `code` and `detail` as start.sh tells them. */
export function refusal(machine: string, code: string, detail: string): Refusal {
  const failed = (failure: FailureClass, message: Text, better = code): Refusal => ({
    kind: 'failed',
    class: failure,
    reason: reason(better, message, detail),
  })
  switch (code) {
    case 'fence-older':
      return {
        kind: 'refused',
        reason: reason(
          code,
          say(
            `${machine} obeys a newer target already (epoch, generation, content: ${detail}). Nothing was done. Make sure that only one Proviseur manages this PC; if this one lost or restored its store, run “proviseur new-epoch”.`,
            `${machine} suit déjà une cible plus récente (époque, génération, contenu\u00a0: ${detail}). Rien n’a été fait. Assurez-vous qu’un seul Proviseur gère ce poste\u00a0; si celui-ci a perdu ou restauré sa base, lancez «\u00a0proviseur new-epoch\u00a0».`,
          ),
        ),
      }
    case 'fence-conflict':
      return {
        kind: 'refused',
        reason: reason(
          code,
          say(
            `${machine} knows this same generation with other contents (${detail}): two servers manage it, or a server was restored from a backup. Nothing was done. Make sure that only one Proviseur manages this PC; after a restoration, run “proviseur new-epoch”.`,
            `${machine} connaît cette même génération avec un autre contenu (${detail})\u00a0: deux serveurs le gèrent, ou un serveur a été restauré d’une sauvegarde. Rien n’a été fait. Assurez-vous qu’un seul Proviseur gère ce poste\u00a0; après une restauration, lancez «\u00a0proviseur new-epoch\u00a0».`,
          ),
        ),
      }
    case 'wrong-precondition':
      return {
        kind: 'wrong-precondition',
        reason: reason(
          code,
          say(
            `${machine} changed since it was looked at (package, version then, version now): ${detail}. Nothing was done; it is looked at again.`,
            `${machine} a changé depuis sa dernière lecture (paquet, version d’alors, version actuelle)\u00a0: ${detail}. Rien n’a été fait\u00a0; il sera relu.`,
          ),
          detail,
        ),
      }
    case 'occupied':
      return {
        kind: 'wrong-precondition',
        reason: reason(
          code,
          say(
            `Somebody has logged in to ${machine} since it was looked at: ${detail}. Nothing was done; it waits for the logout.`,
            `Une session a été ouverte sur ${machine} depuis sa dernière lecture\u00a0: ${detail}. Rien n’a été fait\u00a0; la suite attend sa fermeture.`,
          ),
        ),
      }
    case 'another-action':
      return failed(
        'wait',
        say(
          `Another action is still running on ${machine} (${detail}). One at a time: this one waits.`,
          `Une autre action est encore en cours sur ${machine} (${detail}). Une seule à la fois\u00a0: celle-ci attend.`,
        ),
      )
    case 'record-busy':
      return failed(
        'wait',
        say(
          `The record of actions on ${machine} has been locked by another start for 30 s. It is tried again.`,
          `Le registre des actions de ${machine} est verrouillé depuis 30 s par un autre démarrage. Nouvel essai plus tard.`,
        ),
      )
    case 'deadline-passed':
      return { kind: 'failed', class: 'wait', reason: deadlinePassed(machine) }
    case 'record-unwritable':
      return unwritable(machine, detail, failed)
    case 'fence-unreadable':
      return failed(
        'terminal',
        say(
          `The record of ${machine} is damaged: ${detail} cannot be understood. Look at it on the PC; delete the file to let the PC obey the current target.`,
          `Le registre de ${machine} est endommagé\u00a0: ${detail} est incompréhensible. Examinez-le sur le poste\u00a0; supprimez ce fichier pour que le poste suive la cible actuelle.`,
        ),
      )
    case 'tools-missing':
      return failed(
        'terminal',
        say(
          `${machine} lacks commands that every Debian has: ${detail}. Its system is damaged or is not Debian: reinstall it, or correct its os in the spec.`,
          `Il manque à ${machine} des commandes que tout Debian possède\u00a0: ${detail}. Son système est endommagé ou n’est pas Debian\u00a0: réinstallez-le, ou corrigez son os dans la spécification.`,
        ),
      )
    default:
      return failed(
        'retry',
        say(`${machine} refused the action: ${code}.`, `${machine} a refusé l’action\u00a0: ${code}.`),
      )
  }
}

function unwritable(
  machine: string,
  detail: string,
  failed: (failure: FailureClass, message: Text, code?: string) => Refusal,
): Refusal {
  if (/No space left|Disk quota/i.test(detail)) {
    return failed(
      'retry',
      say(
        `The disk of ${machine} is full: not even the record of the action could be written. Free some space in /var.`,
        `Le disque de ${machine} est plein\u00a0: même le registre de l’action n’a pas pu être écrit. Libérez de la place dans /var.`,
      ),
      'disk-full',
    )
  }
  if (/Read-only file system/i.test(detail)) {
    return failed(
      'retry',
      say(
        `/var is read-only on ${machine}: its file system was damaged or remounted. Check it (dmesg, fsck) and restart the PC.`,
        `/var est en lecture seule sur ${machine}\u00a0: le système de fichiers est endommagé ou a été remonté. Vérifiez-le (dmesg, fsck) et redémarrez le poste.`,
      ),
      'disk-read-only',
    )
  }
  return failed(
    'retry',
    say(
      `The record of the action could not be written on ${machine}.`,
      `Le registre de l’action n’a pas pu être écrit sur ${machine}.`,
    ),
  )
}

export const deadlinePassed = (machine: string): Reason =>
  reason(
    'deadline-passed',
    say(
      `The time for this action on ${machine} was over before it started. It is planned again when it may.`,
      `Le délai de cette action sur ${machine} était écoulé avant son démarrage. Elle sera planifiée de nouveau dès que possible.`,
    ),
  )

export const stopped = (output: string): Reason =>
  reason(
    'deadline-exceeded',
    say(
      'It was still running when the time for the action was over, and was stopped with everything it had started.',
      'L’étape n’était pas terminée à la fin du délai de l’action\u00a0; elle a été arrêtée, avec tout ce qu’elle avait lancé.',
    ),
    output.slice(-2000),
  )

export const interrupted = (machine: string, log: string): Reason =>
  reason(
    'interrupted',
    say(
      `The action on ${machine} was cut off (power cut, restart, or killed) before its end. The PC is looked at again and what is missing is planned anew.`,
      `L’action sur ${machine} a été interrompue avant la fin (coupure de courant, redémarrage ou arrêt forcé). Le poste sera relu et ce qui manque sera planifié de nouveau.`,
    ),
    log.slice(-2000),
  )

export const connectionLost = (machine: string, cause: Reason | undefined): Reason =>
  reason(
    'connection-lost',
    say(
      `The connection to ${machine} was lost during the action. ${cause === undefined ? '' : `${cause.message.en} `}A PC that is on goes on alone and keeps the result; it is asked again.`,
      `La connexion à ${machine} a été perdue pendant l’action. ${cause === undefined ? '' : `${cause.message.fr} `}Un poste allumé continue seul et conserve le résultat\u00a0; il sera interrogé de nouveau.`,
    ),
  )

export const endedWithoutResult = (machine: string): Reason =>
  reason(
    'no-result',
    say(
      `The action ended on ${machine}, but left no result for this change.`,
      `L’action s’est terminée sur ${machine}, mais n’a laissé aucun résultat pour ce changement.`,
    ),
  )

export const noDriver = (machine: string, facet: string): Reason =>
  reason(
    'no-driver',
    say(
      `This Proviseur cannot change the facet "${facet}" of ${machine}: it has no driver for it.`,
      `Ce Proviseur ne sait pas modifier la facette «\u00a0${facet}\u00a0» de ${machine}\u00a0: il n’a pas de pilote pour elle.`,
    ),
  )

export const restartFailed = (machine: string, output: string): Reason =>
  reason(
    'restart-failed',
    say(`${machine} could not be restarted.`, `${machine} n’a pas pu être redémarré.`),
    output.slice(-2000),
  )

export const restartSkipped = (): Reason =>
  reason(
    'restart-skipped',
    say(
      'The PC was not restarted, because another change of the same action failed.',
      'Le poste n’a pas été redémarré, car un autre changement de la même action a échoué.',
    ),
  )

export const restartOccupied = (): Reason =>
  reason(
    'restart-occupied',
    say(
      'The PC was not restarted, because somebody logged in meanwhile; it waits for the logout.',
      'Le poste n’a pas été redémarré, car quelqu’un a ouvert une session entre-temps\u00a0; le redémarrage attend sa fermeture.',
    ),
  )

export const didNotRestart = (machine: string, waitedMs: number): Reason =>
  reason(
    'did-not-restart',
    say(
      `${machine} was told to restart and has not answered from a new boot within ${Math.round(waitedMs / 60_000)} min. Look at its screen.`,
      `${machine} a reçu l’ordre de redémarrer et n’a pas répondu depuis un nouveau démarrage en ${Math.round(waitedMs / 60_000)} min. Regardez son écran.`,
    ),
  )
