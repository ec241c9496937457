import { suggest } from '../suggest.ts'
import { say } from '../text.ts'
import { Rejection, scalar } from './scalar.ts'

/** One of a few words. `meant` maps what people write instead (other spellings, French words) to the right one. */
export const oneOf = <const Word extends string>(
  words: readonly Word[],
  meant: Readonly<Record<string, Word>> = {},
) => {
  const list = words.map((word) => `\`${word}\``).join(', ')
  const expects = say(`one of ${list}`, `l’une des valeurs ${list}`)
  return scalar<Word>({
    expects,
    json: { type: 'string', enum: words },
    parse: (text) =>
      words.find((word) => word === text) ??
      new Rejection(
        'unknown-value',
        say(
          `“${text}” is not known here. Expected ${expects.en}.`,
          `« ${text} » n’est pas connu ici. Attendu : ${expects.fr}.`,
        ),
        (Object.hasOwn(meant, text.toLowerCase()) ? meant[text.toLowerCase()] : undefined) ??
          suggest(text, words),
      ),
  })
}

const yesWords = new Set(['yes', 'on', 'oui', 'vrai', '1'])
const noWords = new Set(['no', 'off', 'non', 'faux', '0'])

export const yesOrNo = () =>
  scalar<boolean>({
    expects: say('`true` or `false`', '`true` (oui) ou `false` (non)'),
    json: { type: 'boolean' },
    parse: (text) => {
      if (text === 'true') return true
      if (text === 'false') return false
      const word = text.toLowerCase()
      const meant = yesWords.has(word)
        ? 'true'
        : noWords.has(word)
          ? 'false'
          : suggest(word, ['true', 'false'])
      return new Rejection(
        'bad-value',
        say('Expected `true` or `false`.', 'Attendu : `true` (oui) ou `false` (non).'),
        meant,
      )
    },
  })

const maxTextLength = 200

/** A short text on one line: a title, a city. */
export const line = () =>
  scalar<string>({
    expects: say(
      `a text of at most ${maxTextLength} characters on one line`,
      `un texte d’au plus ${maxTextLength} caractères sur une ligne`,
    ),
    json: { type: 'string', minLength: 1, maxLength: maxTextLength },
    parse: (text) => {
      const trimmed = text.trim()
      return trimmed !== '' && trimmed.length <= maxTextLength && !/\p{Cc}/u.test(trimmed)
        ? trimmed
        : undefined
    },
  })

/** A text of any length with line breaks: a script's body. */
export const body = () =>
  scalar<string>({
    expects: say('a text (usually a block after `|`)', 'un texte (en général un bloc après `|`)'),
    json: { type: 'string', minLength: 1 },
    parse: (text) => (text.trim() === '' || text.includes('\0') ? undefined : text),
  })
