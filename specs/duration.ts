import type { Locale } from './text.ts'

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const longestMs = 3650 * 86_400_000

/**
 * `90s`, `20m`, `1h30m`, `2d` → milliseconds; undefined if it is not a duration, if it is zero, or if it exceeds ten years.
 * Units: ms, s, m, h, d, the larger first.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?(?:(\d{1,9})ms)?$/.exec(text)
  if (!match || text === '') return undefined
  const [, d = '0', h = '0', m = '0', s = '0', ms = '0'] = match
  const total =
    Number(d) * (unitMs['d'] ?? 0) +
    Number(h) * (unitMs['h'] ?? 0) +
    Number(m) * (unitMs['m'] ?? 0) +
    Number(s) * (unitMs['s'] ?? 0) +
    Number(ms)
  return total > 0 && total <= longestMs ? total : undefined
}

/** For a person: the two largest units, rounded down: `2 d 4 h`, `5 min 30 s`, in French `2 j 4 h`. */
export function formatDuration(ms: number, locale: Locale): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  const names = locale === 'fr' ? ['j', 'h', 'min', 's'] : ['d', 'h', 'min', 's']
  const seconds = Math.floor(ms / 1000)
  const values = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60,
  ]
  const first = values.findIndex((value) => value > 0)
  return values
    .map((value, index) => ({ value, name: names[index] ?? '' }))
    .slice(first, first + 2)
    .filter(({ value }) => value > 0)
    .map(({ value, name }) => `${value} ${name}`)
    .join(' ')
}
