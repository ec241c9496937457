import { distance } from 'fastest-levenshtein'

/** The known words that `written` was probably meant to be, the nearest first, at most three. */
export const nearest = (written: string, known: Iterable<string>): readonly string[] => {
  const word = written.toLowerCase()
  // Two letters swapped are two edits; beyond a third of a long word the likeness is chance.
  const most = word.length < 4 ? 1 : Math.max(2, Math.floor(Math.min(word.length, 15) / 3))
  const near: { readonly candidate: string; readonly edits: number }[] = []
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) > most) continue
    const edits = distance(word, candidate.toLowerCase())
    if (edits <= most) near.push({ candidate, edits })
  }
  near.sort((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1))
  const best = near[0]?.edits
  return near
    .filter(({ edits }) => edits === best)
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}
