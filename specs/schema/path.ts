import { say } from '../text.ts'
import { Rejection, scalar } from './scalar.ts'

/** A file of the park, relative to the spec that names it, with `/`. */
export const parkFile = (example: string, extension?: string) =>
  scalar<string>({
    expects: say(
      `a file beside this one, such as \`${example}\``,
      `un fichier placé à côté de celui-ci, comme \`${example}\``,
    ),
    json: { type: 'string', minLength: 1 },
    parse: (text) => {
      if (text.includes('\\') && !text.includes('/')) {
        return new Rejection(
          'bad-value',
          say('Paths are written with `/`.', 'Les chemins s’écrivent avec `/`.'),
          text.replaceAll('\\', '/'),
        )
      }
      if (
        text === '' ||
        text.length > 500 ||
        text.startsWith('/') ||
        text.endsWith('/') ||
        text.includes('\0')
      )
        return undefined
      return extension === undefined || text.toLowerCase().endsWith(extension) ? text : undefined
    },
  })

/** A path on the PC. */
export const absolutePath = () =>
  scalar<string>({
    expects: say(
      'an absolute path on the PC, such as `/home/partage`',
      'un chemin absolu sur le poste, comme `/home/partage`',
    ),
    json: { type: 'string', minLength: 1 },
    parse: (text) =>
      /^(?:\/|[A-Za-z]:[\\/])/.test(text) && text.length <= 1000 && !/\p{Cc}/u.test(text) ? text : undefined,
  })

/** One argument of a program. */
export const argument = () =>
  scalar<string>({
    expects: say('a word without line breaks', 'un mot sans saut de ligne'),
    json: { type: ['string', 'number'] },
    parse: (text) => (text !== '' && text.length <= 1000 && !/\p{Cc}/u.test(text) ? text : undefined),
  })

/** A login, as `useradd` takes it, or a Windows account. */
export const userName = () =>
  scalar<string>({
    expects: say('a user name such as `root`', 'un nom d’utilisateur comme `root`'),
    json: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_.-]*$' },
    parse: (text) => (/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(text) ? text : undefined),
  })
