/** Words and numbers that several texts share. */
import { say } from '../specs/text.ts'
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
