import { suggest } from '../suggest.ts'
import { say } from '../text.ts'
import { expected, Rejection, scalar } from './scalar.ts'

export type ImageReference = { readonly name: string; readonly version: string }
export type PackageWant =
  | { readonly kind: 'present' | 'latest' | 'absent' }
  | { readonly kind: 'version'; readonly version: string }

const wantExpects = say(
  '`present`, `latest`, `absent`, or a version such as `6.0.850`',
  '`present`, `latest`, `absent`, ou une version comme `6.0.850`',
)

const versionPattern = /^[0-9A-Za-z][0-9A-Za-z.+:~_-]{0,99}$/

/** An image's version: any word that can stand in a path (`2026.09`, `v3`). */
export const imageVersion = () =>
  scalar<string>({
    expects: say('a version such as `2026.09`', 'une version comme `2026.09`'),
    json: { type: ['string', 'number'] },
    parse: (text) => (/^[0-9A-Za-z][0-9A-Za-z._-]{0,62}$/.test(text) ? text : undefined),
  })

/** `name@version`. */
export const imageReference = () =>
  scalar<ImageReference>({
    expects: say(
      'an image with its version, such as `debian-edu@2026.09`',
      'une image avec sa version, comme `debian-edu@2026.09`',
    ),
    json: { type: 'string', pattern: '^[a-z0-9-]+@[0-9A-Za-z][0-9A-Za-z._-]*$' },
    parse: (text) => {
      const match = /^([a-z0-9-]{1,63})@([0-9A-Za-z][0-9A-Za-z._-]{0,62})$/.exec(text)
      return match ? { name: match[1] ?? '', version: match[2] ?? '' } : undefined
    },
  })

/**
 * `present`, `latest`, `absent`, or a version. A version has a digit, so that a misspelt word is not taken for one;
 * its characters are those of Debian's (deb-version(7)) and of Windows'.
 */
export const packageWant = () =>
  scalar<PackageWant>({
    expects: wantExpects,
    json: { type: ['string', 'number'], examples: ['present', 'latest', 'absent', '6.0.850'] },
    parse: (text) => {
      if (text === 'present' || text === 'latest' || text === 'absent') return { kind: text }
      if (versionPattern.test(text) && /\d/.test(text)) return { kind: 'version', version: text }
      return new Rejection('bad-value', expected(wantExpects), suggest(text, ['present', 'latest', 'absent']))
    },
  })

/** `sha256:` and 64 hex digits. */
export const sha256Digest = () =>
  scalar<string>({
    expects: say(
      '`sha256:` followed by 64 hexadecimal digits',
      '`sha256:` suivi de 64 chiffres hexadécimaux',
    ),
    json: { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' },
    parse: (text) => (/^sha256:[0-9a-f]{64}$/.test(text) ? text : undefined),
  })
