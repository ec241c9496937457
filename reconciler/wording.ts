/** Words and numbers that several texts share. */
import { say } from '../specs/text.ts'
import type { Revision } from './model/ids.ts'
import type { Locale, Text } from './model/reason.ts'

/** `15,000` or `15 000` (with the narrow space that French typography asks for). */
export const formatCount = (count: number, locale: Locale): string =>
  String(count).replace(/\B(?=(\d{3})+$)/g, locale === 'fr' ? '\u202f' : ',')

/** A number with its noun. French takes the singular for 0 and 1, English for 1 only. */
export const counted = (
  count: number,
  en: readonly [one: string, many: string],
  fr: readonly [one: string, many: string],
): Text =>
  say(
    `${formatCount(count, 'en')} ${count === 1 ? en[0] : en[1]}`,
    `${formatCount(count, 'fr')} ${count < 2 ? fr[0] : fr[1]}`,
  )

export const machines = (count: number): Text => counted(count, ['machine', 'machines'], ['poste', 'postes'])

export const lycees = (count: number): Text => counted(count, ['lycée', 'lycées'], ['lycée', 'lycées'])

export const rooms = (count: number): Text => counted(count, ['room', 'rooms'], ['salle', 'salles'])

/** Enough of a digest to tell it from its neighbours. */
export const shortDigest = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 12)

/** As Git abbreviates; a folder's revision keeps its prefix. */
export const shortRevision = (revision: Revision): string =>
  revision.startsWith('folder:')
    ? revision.replace(/^(folder:(?:sha256:)?.{10}).*$/, '$1')
    : revision.slice(0, 10)

const units: Readonly<Record<Locale, readonly string[]>> = {
  en: ['bytes', 'kB', 'MB', 'GB', 'TB'],
  fr: ['octets', 'ko', 'Mo', 'Go', 'To'],
}

/** Two digits are all that a forecast is good for: `3.4 GB`, `120 Mo`. */
export function bytesText(bytes: number): Text {
  let value = bytes
  let step = 0
  while (value >= 999.5 && step < 4) {
    value /= 1000
    step++
  }
  const shown = value < 10 && step > 0 ? value.toFixed(1) : String(Math.round(value))
  return say(`${shown} ${units.en[step]}`, `${shown.replace('.', ',')}\u00a0${units.fr[step]}`)
}

/** Rounded up to minutes: an estimate claims no more. */
export const minutesText = (ms: number): Text =>
  counted(Math.ceil(ms / 60_000), ['minute', 'minutes'], ['minute', 'minutes'])
