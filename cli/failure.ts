import type { Reason } from '../reconciler/model/reason.ts'
import { say } from '../specs/text.ts'

/**
 * What an exception says that is nobody's bug: a store or a system that refuses. Undefined: it is one, and crashes.
 * The store's errors carry their own text; known by that, so that commands without a store need not load it.
 */
export const reasonOf = (error: unknown): Reason | undefined => {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  if ('text' in error && isText(error.text)) return { code: error.code, message: error.text }
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined
  return systemReason(error.code, path, error.message)
}

const isText = (value: unknown): value is { readonly en: string; readonly fr: string } =>
  typeof value === 'object' &&
  value !== null &&
  'en' in value &&
  'fr' in value &&
  typeof value.en === 'string' &&
  typeof value.fr === 'string'

const systemReason = (code: string, path: string | undefined, detail: string): Reason | undefined => {
  const where = path ?? ''
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return {
        code: 'access-denied',
        message: say(
          `Access to ${where} is denied. Check its owner and rights, or choose another place with --state.`,
          `L’accès à ${where} est refusé. Vérifiez son propriétaire et ses droits, ou choisissez un autre endroit avec --state.`,
        ),
        detail,
      }
    case 'EROFS':
      return {
        code: 'read-only',
        message: say(
          `${where} is on a read-only disk. Choose another place with --state.`,
          `${where} est sur un disque en lecture seule. Choisissez un autre endroit avec --state.`,
        ),
        detail,
      }
    case 'ENOSPC':
    case 'EDQUOT':
      return {
        code: 'disk-full',
        message: say(
          `The disk is full: ${where}. Free some space, then start again.`,
          `Le disque est plein\u00a0: ${where}. Libérez de l’espace, puis relancez.`,
        ),
        detail,
      }
    case 'EMFILE':
    case 'ENFILE':
      return {
        code: 'too-many-files',
        message: say(
          'Too many files are open. Raise the limit (ulimit -n 65536), then start again.',
          'Trop de fichiers sont ouverts. Relevez la limite (ulimit -n 65536), puis relancez.',
        ),
        detail,
      }
    case 'ENOENT':
    case 'ENOTDIR':
      return {
        code: 'missing',
        message: say(`${where} is missing. Check the path.`, `${where} est introuvable. Vérifiez le chemin.`),
        detail,
      }
    default:
      return undefined
  }
}
