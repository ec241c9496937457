import type { Desired } from '../../specs/desired.ts'
import type { ImageSizes } from './pace.ts'

/** What is known of an image version where its bytes are; the rest is assumed. */
export type KnownSize = { readonly usedBytes: number; readonly storedBytes: number }

/** A Debian with an office, CAD and films: used bytes, and what zstd leaves of them. */
const assumed: KnownSize = { usedBytes: 16e9, storedBytes: 6.5e9 }
/** What a monthly upgrade changes. */
const deltaShare = 0.18

/** Versions of one image share most of their bytes; two images share nothing. */
export const imageSizes = (
  revisions: readonly Desired[],
  known: ReadonlyMap<string, KnownSize> = new Map(),
): ImageSizes => {
  const names = new Map<string, string>()
  for (const { machines } of revisions)
    for (const { profile } of machines.values())
      if (profile.disk?.manifest !== undefined) names.set(profile.disk.manifest, profile.disk.name)
  const sizeOf = (manifest: string): KnownSize => known.get(manifest) ?? assumed
  return {
    usedBytes: (manifest) => sizeOf(manifest).usedBytes,
    travelBytes: (from, to) => {
      if (from === to) return Math.round(sizeOf(to).storedBytes * 0.02)
      const isRelated = from !== null && names.get(from) !== undefined && names.get(from) === names.get(to)
      return Math.round(sizeOf(to).storedBytes * (isRelated ? deltaShare : 1))
    },
  }
}
