import { parseBitrate } from '../bitrate.ts'
import { parseDuration } from '../duration.ts'
import { parsePercent } from '../percent.ts'
import { parseSize } from '../size.ts'
import { say } from '../text.ts'
import { Rejection, scalar } from './scalar.ts'

/** Milliseconds. */
export const duration = () => {
  const expects = say(
    'a duration with its unit, such as `30s`, `20m`, `2h` or `1h30m`',
    'une durée avec son unité, comme `30s`, `20m`, `2h` ou `1h30m`',
  )
  return scalar<number>({
    expects,
    json: { type: 'string', pattern: '^([0-9]+(d|h|ms|m|s))+$', examples: ['20m', '2h'] },
    parse: (text) => parseDuration(text) ?? quantityRejection(text, expects, fixDuration(text)),
  })
}

/** Bytes. */
export const size = () => {
  const expects = say(
    'a size with its unit, such as `40GiB` or `512MiB`',
    'une taille avec son unité, comme `40GiB` ou `512MiB`',
  )
  return scalar<number>({
    expects,
    json: { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)? ?([kKMGT]i?)?B$', examples: ['40GiB'] },
    parse: (text) => parseSize(text) ?? quantityRejection(text, expects, fixSize(text)),
  })
}

/** Bits a second. */
export const bitrate = () => {
  const expects = say(
    'a bit rate such as `100Mbit/s` or `1Gbit/s`',
    'un débit comme `100Mbit/s` ou `1Gbit/s`',
  )
  return scalar<number>({
    expects,
    json: { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)? ?[kMG]?bit/s$', examples: ['100Mbit/s'] },
    parse: (text) => parseBitrate(text) ?? quantityRejection(text, expects, fixBitrate(text)),
  })
}

/** A share, 0..1. */
export const percentage = () => {
  const expects = say(
    'a percentage between 0 % and 100 %, such as `2%`',
    'un pourcentage entre 0 % et 100 %, comme `2%`',
  )
  return scalar<number>({
    expects,
    json: { type: 'string', pattern: '^[0-9]+(\\.[0-9]+)? ?%$', examples: ['2%'] },
    parse: (text) =>
      parsePercent(text) ??
      quantityRejection(text, expects, accept(`${text.trim().replace(',', '.')}%`, parsePercent)),
  })
}

/** A whole number within bounds. */
export const count = (least: number, most: number) =>
  scalar<number>({
    expects: say(`a whole number between ${least} and ${most}`, `un nombre entier entre ${least} et ${most}`),
    json: { type: 'integer', minimum: least, maximum: most },
    parse: (text) => {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
      return value >= least && value <= most ? value : undefined
    },
  })

const quantityRejection = (
  text: string,
  expects: { en: string; fr: string },
  suggestion: string | undefined,
): Rejection =>
  new Rejection(
    'bad-quantity',
    say(
      `“${text}” is not understood. Expected ${expects.en}.`,
      `« ${text} » n’est pas compris. Attendu : ${expects.fr}.`,
    ),
    suggestion,
  )

const accept = (text: string, parse: (text: string) => number | undefined): string | undefined =>
  parse(text) === undefined ? undefined : text

function fixDuration(text: string): string | undefined {
  const compact = text
    .toLowerCase()
    .replace(/\s+/g, '')
    .replace(/(?:hours?|heures?|hrs?)/g, 'h')
    .replace(/(?:minutes?|mins?|mn)/g, 'm')
    .replace(/(?:secondes?|seconds?|secs?)/g, 's')
    .replace(/(?:jours?|days?|j)/g, 'd')
  return accept(compact, parseDuration) ?? accept(`${compact}m`, parseDuration)
}

/** French units (40 Go, 40 Gio), missing bytes (40G) and decimal commas. */
function fixSize(text: string): string | undefined {
  const match = /^\s*(\d+)(?:[.,](\d+))?\s*([kmgt])?(i)?[ob]?\s*$/i.exec(text)
  if (!match) return undefined
  const [, whole = '', fraction, prefix = 'G', binary] = match
  const number = fraction === undefined ? whole : `${whole}.${fraction}`
  return accept(`${number}${prefix.toUpperCase()}${binary ? 'i' : text.match(/o/i) ? '' : 'i'}B`, parseSize)
}

function fixBitrate(text: string): string | undefined {
  const match = /^\s*(\d+)(?:[.,](\d+))?\s*([kmg])?(?:b(?:it)?s?(?:\/s|ps)?)?\s*$/i.exec(text)
  if (!match) return undefined
  const [, whole = '', fraction, prefix = 'M'] = match
  const unit = prefix.toLowerCase() === 'k' ? 'k' : prefix.toUpperCase()
  return accept(`${fraction === undefined ? whole : `${whole}.${fraction}`}${unit}bit/s`, parseBitrate)
}
