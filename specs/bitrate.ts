const unitBits: ReadonlyMap<string, number> = new Map([
  ['bit/s', 1],
  ['kbit/s', 1e3],
  ['Mbit/s', 1e6],
  ['Gbit/s', 1e9],
])

/** `100Mbit/s` → bits a second; undefined if it is not a bit rate, or zero. */
export function parseBitrate(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?) ?([kMG]?bit\/s)$/.exec(text)
  if (!match) return undefined
  const bits = Math.round(Number(match[1]) * (unitBits.get(match[2] ?? '') ?? 0))
  return bits > 0 ? bits : undefined
}
