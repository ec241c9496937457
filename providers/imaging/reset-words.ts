/** How the reset page says what a PC is doing. */
import type { Instant } from '../../reconciler/model/ids.ts'
import { type Locale, say, type Text } from '../../specs/text.ts'
import type { ResetMachine } from './reset-desk.ts'

export type Reader = { readonly locale: Locale; readonly timezone: string }

export const inWords = (text: Text, { locale }: Reader): string => text[locale]

/** What the PC is doing now. */
export function stateText(machine: ResetMachine, reader: Reader): string {
  const { state } = machine
  switch (state.kind) {
    case 'ready':
      return inWords(say('As it should be', 'En ordre'), reader)
    case 'asked': {
      const at = timeText(state.at, reader)
      return inWords(
        say(
          `Reset asked for (${at}), waiting for the PC`,
          `Remise en état demandée (${at}), en attente du poste`,
        ),
        reader,
      )
    }
    case 'running':
      return runningText(state, reader)
    case 'failed':
      return inWords(
        say(`Reset failed: ${state.message.en}`, `Échec de la remise en état\u00a0: ${state.message.fr}`),
        reader,
      )
  }
}

function runningText(state: Extract<ResetMachine['state'], { kind: 'running' }>, reader: Reader): string {
  const percent = percentOf(state)
  const minutes = state.leftMs === undefined ? undefined : Math.max(1, Math.ceil(state.leftMs / 60_000))
  const how = percent === undefined ? say('', '') : say(`, ${percent}%`, `, ${percent}\u00a0%`)
  const left =
    minutes === undefined
      ? say('', '')
      : say(`, about ${minutes} min left`, `, encore ${minutes}\u00a0min environ`)
  return inWords(say(`Being reset${how.en}${left.en}`, `Remise en état en cours${how.fr}${left.fr}`), reader)
}

export const percentOf = (state: ResetMachine['state']): number | undefined =>
  state.kind === 'running' && state.share !== undefined
    ? Math.floor(Math.min(Math.max(state.share, 0), 1) * 100)
    : undefined

export function lastResetText(at: Instant | undefined, reader: Reader): string | undefined {
  if (at === undefined) return undefined
  const when = dateText(at, reader)
  return inWords(say(`last reset: ${when}`, `dernière remise en état\u00a0: ${when}`), reader)
}

export const timeText = (at: Instant, { locale, timezone }: Reader): string =>
  new Intl.DateTimeFormat(tag[locale], { timeZone: timezone, timeStyle: 'short' }).format(at)

const dateText = (at: Instant, { locale, timezone }: Reader): string =>
  new Intl.DateTimeFormat(tag[locale], {
    timeZone: timezone,
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    hour: '2-digit',
    minute: '2-digit',
  }).format(at)

const tag: Readonly<Record<Locale, string>> = { en: 'en-GB', fr: 'fr-FR' }

/** Of the languages that the browser asks for, the first of ours; French where it asks for neither. */
export function preferredLocale(acceptLanguage: string | undefined, fallback: Locale): Locale {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((entry) => {
      const [language = '', ...parameters] = entry.trim().toLowerCase().split(';')
      const quality = parameters.map((one) => /^\s*q=([\d.]+)$/.exec(one)?.[1]).find((q) => q !== undefined)
      return { language: language.split('-')[0], quality: Number(quality ?? 1) }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
  for (const { language } of wanted) if (language === 'fr' || language === 'en') return language
  return fallback
}
