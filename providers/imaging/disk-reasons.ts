/** Why an action on a disk did not end well, as far as the site server knows of it. What the imager itself says is in imaging/reasons.ts. */
import type { ImagerReason } from '../../imaging/protocol.ts'
import { reasonText } from '../../imaging/reasons.ts'
import type { FailureClass } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'

/** `retry`: the network, the server or a busy PC may do better next time. `terminal`: only a person or a commit helps. */
export const failureClass = (reason: ImagerReason): FailureClass => {
  switch (reason) {
    case 'server-silent':
    case 'job-replayed':
    case 'manifest-missing':
    case 'list-missing':
    case 'chunk-missing':
    case 'chunk-damaged':
    case 'store-full':
    case 'disk-slow':
    case 'loop-device-failed':
    case 'layout-failed':
    case 'identity-failed':
    case 'boot-loader-failed':
    case 'imager-not-the-signed-one':
    case 'verification-failed':
    case 'out-of-memory':
    case 'program-error':
      return 'retry'
    case 'job-signature-wrong':
    case 'job-for-another-machine':
    case 'job-outdated':
    case 'manifest-damaged':
    case 'manifest-signature-wrong':
    case 'manifest-not-the-planned-one':
    case 'list-damaged':
    case 'no-disk':
    case 'several-disks':
    case 'disk-too-small':
    case 'disk-unreadable':
    case 'disk-unwritable':
    case 'layout-would-lose-data':
    case 'keep-does-not-fit':
    case 'file-system-broken':
      return 'terminal'
  }
}

export const imagerReason = (code: ImagerReason, detail: string | undefined): Reason => ({
  code,
  message: reasonText[code],
  ...(detail === undefined || detail === '' ? {} : { detail }),
})

export const outOfDate = (machine: string): Reason => ({
  code: 'disk-change-outdated',
  message: say(
    `The layout or the settings of ${machine}'s disk have changed since this was planned: nothing was done, it is planned again.`,
    `Le partitionnement ou les réglages du disque de ${machine} ont changé depuis la planification\u00a0: rien n’a été fait, une nouvelle planification suit.`,
  ),
})

export const noImager = (machine: string): Reason => ({
  code: 'imager-not-built',
  message: say(
    `The disk of ${machine} is not written: this server has no imager to give out. Build it: proviseur imager build.`,
    `Le disque de ${machine} n’est pas écrit\u00a0: ce serveur n’a pas d’imageur à fournir. Construisez-le\u00a0: proviseur imager build.`,
  ),
})

export const didNotCome = (machine: string, mac: string, waitedMs: number): Reason => ({
  code: 'imager-not-started',
  message: say(
    `${machine} did not start the imager within ${minutes(waitedMs)} min after the magic packets to ${mac}. Check mains and network cable, that Wake-on-LAN is on, and that the PC starts from the network first.`,
    `${machine} n’a pas démarré l’imageur dans les ${minutes(waitedMs)} min qui ont suivi les paquets magiques à ${mac}. Vérifiez l’alimentation, le câble réseau, l’activation du Wake-on-LAN, et que le poste démarre d’abord par le réseau.`,
  ),
})

export const startedItsDisk = (machine: string): Reason => ({
  code: 'imager-not-first',
  message: say(
    `${machine} was restarted and started its own system instead of the imager. Put the network first in the boot order of its firmware, and check that the site server's netboot is on.`,
    `${machine} a été redémarré et a lancé son propre système au lieu de l’imageur. Placez le réseau en premier dans l’ordre de démarrage de son microgiciel et vérifiez que le démarrage réseau du serveur d’établissement est actif.`,
  ),
})

export const noEntry = (machine: string, waitedMs: number): Reason => ({
  code: 'imager-needs-a-hand',
  message: say(
    `${machine} is on, but cannot be restarted from here, and did not start the imager within ${minutes(waitedMs)} min. Restart it by hand; it must start from the network first.`,
    `${machine} est allumé mais ne peut pas être redémarré d’ici, et n’a pas lancé l’imageur en ${minutes(waitedMs)} min. Redémarrez-le à la main\u00a0; il doit démarrer d’abord par le réseau.`,
  ),
})

export const fellSilent = (machine: string, waitedMs: number): Reason => ({
  code: 'imager-silent',
  message: say(
    `The imager on ${machine} has said nothing for ${minutes(waitedMs)} min: power cut, cable pulled, or the PC hangs. What was written stays, and it goes on from there at its next start.`,
    `L’imageur de ${machine} ne dit plus rien depuis ${minutes(waitedMs)} min\u00a0: coupure de courant, câble débranché ou poste bloqué. Ce qui est écrit reste acquis\u00a0; il reprendra là au prochain démarrage.`,
  ),
})

export const outOfTime = (machine: string): Reason => ({
  code: 'disk-deadline',
  message: say(
    `The time for this action on ${machine} is over. What the imager has begun it finishes by itself; what is missing then is planned again.`,
    `Le délai de cette action sur ${machine} est écoulé. L’imageur termine seul ce qu’il a commencé\u00a0; ce qui manquera ensuite sera planifié de nouveau.`,
  ),
})

export const didNotStart = (machine: string, waitedMs: number, cause: Reason | undefined): Reason => ({
  code: 'system-not-started',
  message: say(
    `The disk of ${machine} was written and verified, but its system did not let us in within ${minutes(waitedMs)} min. Look at its screen; check that the image has an SSH server that starts by itself.`,
    `Le disque de ${machine} a été écrit et vérifié, mais son système ne nous a pas laissés entrer en ${minutes(waitedMs)} min. Regardez son écran\u00a0; vérifiez que l’image contient un serveur SSH démarré automatiquement.`,
  ),
  ...(cause === undefined ? {} : { detail: cause.message.en }),
})

export const letGo = (machine: string): Reason => ({
  code: 'abandoned',
  message: say(
    `Proviseur is stopping; the imager on ${machine} goes on by itself and is found again.`,
    `Proviseur s’arrête\u00a0; l’imageur de ${machine} continue seul et sera retrouvé.`,
  ),
})

export const captureFailed = (image: string, detail: string): Reason => ({
  code: 'capture-not-finished',
  message: say(
    `The disk was read, but no image version ${image} could be made of it.`,
    `Le disque a été lu, mais la version d’image ${image} n’a pas pu en être tirée.`,
  ),
  detail,
})

const minutes = (ms: number): number => Math.max(1, Math.round(ms / 60_000))
