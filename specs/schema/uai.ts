import { say } from '../text.ts'
import { expected, Rejection, scalar } from './scalar.ts'

/** Twenty-three letters: I, O and Q are left out, as they look like digits. */
const keyLetters = 'ABCDEFGHJKLMNPRSTUVWXYZ'

/** The check letter of a school's UAI (once RNE): its seven digits, as a number, modulo 23. */
export const uaiKey = (digits: string): string => keyLetters[Number(digits) % 23] ?? ''

const expects = say(
  'a UAI: seven digits and a letter, such as `0250011B`',
  'un UAI : sept chiffres et une lettre, comme `0250011B`',
)

/** The national number of a French school (unité administrative immatriculée). */
export const uai = () =>
  scalar<string>({
    expects,
    json: { type: 'string', pattern: '^[0-9]{7}[A-HJ-NPR-Z]$', examples: ['0250011B'] },
    parse: (text) => {
      const match = /^(\d{7})([A-Za-z])$/.exec(text)
      if (!match) return new Rejection('bad-uai', expected(expects))
      const [, digits = '', letter = ''] = match
      const right = `${digits}${uaiKey(digits)}`
      if (right === text) return text
      return new Rejection(
        'bad-uai',
        say(
          `The check letter of UAI ${digits} is ${uaiKey(digits)}, not ${letter}: check the digits too.`,
          `La lettre de contrôle de l’UAI ${digits} est ${uaiKey(digits)}, pas ${letter} : vérifiez aussi les chiffres.`,
        ),
        right,
      )
    },
  })
