import { distance } from 'fastest-levenshtein'

/**
 * What the author probably meant: the known word with the fewest edits, if those are few for its length.
 * Bounded: long words and thousands of candidates are not worth comparing.
 */
export function suggest(written: string, known: Iterable<string>): string | undefined {
  if (written.length > 80) return undefined
  const word = written.toLowerCase()
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor((Math.min(written.length, 10) + 2) / 3)) + 1
  let looked = 0
  for (const candidate of known) {
    looked += 1
    if (looked > 5000) break
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    const edits = distance(word, candidate.toLowerCase())
    if (edits < bestDistance) {
      best = candidate
      bestDistance = edits
    }
  }
  return best
}
