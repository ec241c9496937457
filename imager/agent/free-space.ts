/** Where partitions go on a disk: in their order, each into the first gap that has room, around those that must not move. */

export type Request =
  | { readonly kind: 'pinned'; readonly startBytes: number; readonly sizeBytes: number }
  /** `takesRest`: grows into what its gap has left over. */
  | { readonly kind: 'place'; readonly leastBytes: number; readonly takesRest: boolean }

export type Placed = { readonly startBytes: number; readonly sizeBytes: number }

export type Space = { readonly fromBytes: number; readonly toBytes: number; readonly alignBytes: number }

/** One place for each request, in the order of the requests. Undefined: they do not fit. */
export function fitAround(requests: readonly Request[], space: Space): readonly Placed[] | undefined {
  const gaps = findGaps(requests, space)
  if (gaps === undefined) return undefined
  for (const [index, request] of requests.entries()) {
    if (request.kind === 'pinned') continue
    const roomy = gaps.filter((gap) => gap.leftBytes >= request.leastBytes)
    const gap = request.takesRest ? roomy.toSorted((a, b) => b.leftBytes - a.leftBytes)[0] : roomy[0]
    if (gap === undefined) return undefined
    gap.leftBytes -= request.leastBytes
    gap.requests.push(index)
  }
  const placed = new Map<number, Placed>()
  for (const gap of gaps) fill(gap, requests, placed)
  return requests.map((request, index) =>
    request.kind === 'pinned'
      ? { startBytes: request.startBytes, sizeBytes: request.sizeBytes }
      : (placed.get(index) ?? { startBytes: 0, sizeBytes: 0 }),
  )
}

type Gap = { readonly startBytes: number; leftBytes: number; readonly requests: number[] }

/** Undefined: what must not move overlaps, or lies outside. */
function findGaps(requests: readonly Request[], space: Space): readonly Gap[] | undefined {
  const pinned = requests
    .filter((request) => request.kind === 'pinned')
    .toSorted((a, b) => a.startBytes - b.startBytes)
  const gaps: Gap[] = []
  let cursor = space.fromBytes
  for (const { startBytes, sizeBytes } of [...pinned, { startBytes: space.toBytes, sizeBytes: 0 }]) {
    const start = Math.ceil(cursor / space.alignBytes) * space.alignBytes
    if (startBytes > start) gaps.push({ startBytes: start, leftBytes: startBytes - start, requests: [] })
    // Partitions of others may begin before the first mebibyte, but never inside one another.
    if (startBytes < cursor && cursor > space.fromBytes) return undefined
    cursor = startBytes + sizeBytes
  }
  return cursor > space.toBytes ? undefined : gaps
}

function fill(gap: Gap, requests: readonly Request[], placed: Map<number, Placed>): void {
  let cursor = gap.startBytes
  let left = gap.leftBytes
  for (const index of gap.requests) {
    const request = requests[index]
    if (request?.kind !== 'place') continue
    const sizeBytes = request.leastBytes + (request.takesRest ? left : 0)
    if (request.takesRest) left = 0
    placed.set(index, { startBytes: cursor, sizeBytes })
    cursor += sizeBytes
  }
}
