import type { Locale } from './text.ts'

const unitBytes: ReadonlyMap<string, number> = new Map([
  ['B', 1],
  ['kB', 1e3],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['TB', 1e12],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
])

/** `40GiB`, `1.5TB`, `512MiB` → bytes (a whole number); undefined if it is not a size, or zero. The unit is required. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,6})?) ?([kKMGT]?i?B)$/.exec(text)
  if (!match) return undefined
  const unit = unitBytes.get(match[2] ?? '')
  if (unit === undefined) return undefined
  const bytes = Math.round(Number(match[1]) * unit)
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined
}

/** For a person: at most one decimal, binary units: `29.8 GiB`, in French `29,8 Gio`. */
export function formatSize(bytes: number, locale: Locale): string {
  const units = locale === 'fr' ? ['o', 'Kio', 'Mio', 'Gio', 'Tio'] : ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  const rounded = String(Math.round(value * 10) / 10)
  return `${locale === 'fr' ? rounded.replace('.', ',') : rounded} ${units[unit] ?? ''}`
}
