/** `2%`, `0.5%` → a share (0.02, 0.005); undefined if it is not a percentage between 0 and 100. The sign is required. */
export function parsePercent(text: string): number | undefined {
  const match = /^(\d{1,3}(?:\.\d{1,4})?) ?%$/.exec(text)
  if (!match) return undefined
  const percent = Number(match[1])
  return percent <= 100 ? percent / 100 : undefined
}
