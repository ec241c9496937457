/** What a source says when it gives no bytes: to the technician in front of the PC, or in the log of the site server. */
import { say } from '../specs/text.ts'
import type { SourceFailure } from './source.ts'

export const missing = (where: string, path: string): SourceFailure => ({
  ok: false,
  code: 'missing',
  message: say(
    `${where} does not have ${path}. Check that the image version was imported there and that it is complete.`,
    `${where} n’a pas ${path}. Vérifiez que la version de l’image y a été importée et qu’elle est complète.`,
  ),
})

export const damaged = (where: string, path: string): SourceFailure => ({
  ok: false,
  code: 'damaged',
  message: say(
    `What ${where} gives as ${path} is not what its name says: the file is damaged there, or was changed on its way. Run \`proviseur image verify\` there.`,
    `Ce que ${where} donne pour ${path} ne correspond pas à son nom\u00a0: le fichier y est endommagé, ou il a été modifié en chemin. Lancez-y \`proviseur image verify\`.`,
  ),
})

export const refused = (where: string, path: string, status: number): SourceFailure => ({
  ok: false,
  code: 'source-refused',
  message: say(
    `${where} answered ${path} with HTTP ${status} and gave nothing usable. Check its address and its version.`,
    `${where} a répondu à ${path} par HTTP ${status} sans rien d’utilisable. Vérifiez son adresse et sa version.`,
  ),
})

export const silent = (where: string, attempts: number, detail: string): SourceFailure => ({
  ok: false,
  code: 'source-silent',
  message: say(
    `${where} could not be reached, or broke off, ${attempts} times in a row. Check the cable, the switch and that the server runs.`,
    `${where} n’a pas pu être joint, ou a rompu la connexion, ${attempts} fois de suite. Vérifiez le câble, le commutateur et que le serveur fonctionne.`,
  ),
  detail,
})

/** An upload met a full disk (HTTP 507): nothing half is left there. */
export const full = (where: string) =>
  ({
    ok: false,
    code: 'store-full',
    message: say(
      `The image store of ${where} is full. Free space there, for example with \`proviseur image gc\`, and start again: what was sent already is kept.`,
      `Le dépôt d’images de ${where} est plein. Libérez-y de la place, par exemple avec \`proviseur image gc\`, puis recommencez\u00a0: ce qui a déjà été envoyé est conservé.`,
    ),
  }) as const
