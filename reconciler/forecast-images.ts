/** What image versions cost a lycée: once over its uplink, ahead of the first PC that gets them. */
import type { DesiredSite } from '../specs/desired.ts'
import type { MachineWork } from './forecast-work.ts'
import { imageShare } from './link.ts'
import type { DiskChange } from './model/change.ts'
import type { Instant } from './model/ids.ts'
import type { Observed } from './model/observed.ts'
import type { KnownImage } from './model/plan.ts'

export type Supply = {
  /** When the version is whole at the lycée. One of which no size is known is taken to be there. */
  readyAt(manifest: string): Instant
  /** Over the uplink; 0 if it is there or no size is known. */
  bytesOf(manifest: string): number
}

/**
 * They come one after the other, from `now` on, in the order of their digests. Of a version only that comes which the lycée does
 * not have with an older one: what its PCs have, its server has had.
 */
export function supplyOf(
  site: DesiredSite,
  works: readonly MachineWork[],
  images: ReadonlyMap<string, KnownImage> | undefined,
  now: Instant,
): Supply {
  const wanted = new Set<string>()
  const there = new Set<string>()
  for (const { observed, actions } of works) {
    for (const change of actions.flat()) {
      if (!isImageChange(change)) continue
      wanted.add(change.to)
      if (change.from !== null) there.add(change.from)
    }
    const has = manifestOn(observed)
    if (has !== undefined) there.add(has)
  }
  const bitsPerSecond = (site.uplinkBitsPerSecond ?? Number.POSITIVE_INFINITY) * imageShare
  const bytes = new Map<string, number>()
  const ready = new Map<string, Instant>()
  let at = now
  for (const manifest of [...wanted].sort()) {
    const size = there.has(manifest) ? 0 : bytesToFetch(images?.get(manifest), there)
    at += Math.ceil((size * 8 * 1000) / bitsPerSecond)
    bytes.set(manifest, size)
    ready.set(manifest, size === 0 ? now : at)
  }
  return {
    readyAt: (manifest) => ready.get(manifest) ?? now,
    bytesOf: (manifest) => bytes.get(manifest) ?? 0,
  }
}

export const isImageChange = (change: MachineWork['actions'][number][number]): change is DiskChange =>
  change.facet === 'disk'

const manifestOn = (observed: Observed | undefined): string | undefined => observed?.disk?.state?.manifest

function bytesToFetch(image: KnownImage | undefined, there: ReadonlySet<string>): number {
  if (image === undefined) return 0
  const deltas = [...there].flatMap((from) => image.deltaBytes(from) ?? [])
  return Math.min(image.storedBytes, ...deltas)
}
