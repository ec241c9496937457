import type { Reason } from '../../reconciler/model/reason.ts'
import { say } from '../../specs/text.ts'

export const storeTrouble = (path: string, error: Error): Reason => ({
  code: 'image-store-trouble',
  message: say(
    `A file of the image store cannot be read or written: ${path}. Check the disk of this server.`,
    `Un fichier du dépôt d’images ne peut être ni lu ni écrit\u00a0: ${path}. Vérifiez le disque de ce serveur.`,
  ),
  detail: error.message,
})

export const broke = (thrown: unknown): Reason => ({
  code: 'site-broke',
  message: say(
    'The site server could not note what a PC told it.',
    'Le serveur d’établissement n’a pas pu noter ce qu’un poste lui a indiqué.',
  ),
  detail: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
})
