import { type ManifestDigest, parseManifestDigest } from '../../imaging/digest.ts'
import { type ImageLabel, parseImageLabel } from '../../imaging/store-paths.ts'
import type { SiteId } from '../../reconciler/model/ids.ts'
import type { Desired, DesiredSite } from '../../specs/desired.ts'
import type { WantedImages } from './image-supply.ts'

/** The image versions that the machines of these lycées are to have by any of these states, and the slowest of the lycées' uplinks. */
export const wantedImages = (
  states: readonly Desired[],
  sites: ReadonlyMap<SiteId, DesiredSite>,
): WantedImages => {
  const images = new Map<ManifestDigest, ImageLabel>()
  const here = states.flatMap(({ machines }) => [...machines.values()].filter(({ site }) => sites.has(site)))
  // Thousands of machines have a few profiles.
  for (const { disk } of new Set(here.map(({ profile }) => profile))) {
    const digest = disk?.manifest === undefined ? undefined : parseManifestDigest(disk.manifest)
    const label = disk && parseImageLabel(`${disk.name}@${disk.version}`)?.label
    if (digest !== undefined && label !== undefined) images.set(digest, label)
  }
  const uplinks = [...sites.values()].flatMap(({ uplinkBitsPerSecond }) => uplinkBitsPerSecond ?? [])
  return { images, bitsPerSecond: uplinks.length === 0 ? undefined : Math.min(...uplinks) }
}
