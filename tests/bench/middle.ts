/** The run with the median wall time; of an even number the slower of the two in the middle. */
export function middle<Run extends { readonly wallMs: number }>(runs: readonly Run[]): Run {
  const found = [...runs].sort((a, b) => a.wallMs - b.wallMs)[Math.floor(runs.length / 2)]
  if (found === undefined) throw new Error('a median of no runs')
  return found
}
