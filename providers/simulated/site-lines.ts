/** A lycée's network: its own, the line to the world, and which images its server has fetched. */
import type { VirtualClock } from './clock.ts'
import { createLink, type Link } from './link.ts'
import type { ImageSizes } from './pace.ts'

export type SiteLines = {
  readonly lan: Link
  readonly uplink: Link
  /** Nothing goes in or out. */
  cut(): void
  mend(): void
  isCut(): boolean
  /** The lycée's server has had this image for long. */
  stock(manifest: string): void
  /** The lycée's server fetches this image over the uplink, once. */
  want(manifest: string): void
  isWanted(manifest: string): boolean
  has(manifest: string): boolean
  /** When the lycée's server has it. */
  here(manifest: string): Promise<void>
}

/** Of a lycée that does not tell: what most of a region's have. */
const usualUplinkBits = 100e6
const lanBits = 1e9
/** What is left of a line after headers and other traffic. */
const usable = 0.9

export const createSiteLines = (
  clock: VirtualClock,
  uplinkBits: number | undefined,
  sizes: ImageSizes,
  /** Something goes in and out again. */
  onMended: () => void = () => undefined,
): SiteLines => {
  const lan = createLink(clock, (lanBits / 8) * usable)
  const uplink = createLink(clock, ((uplinkBits ?? usualUplinkBits) / 8) * usable)
  const images = new Map<string, Promise<void>>()
  const complete = new Set<string>()
  let isCut = false

  const want = (manifest: string): Promise<void> => {
    const known = images.get(manifest)
    if (known) return known
    // The newest that is there already has most of its chunks.
    const before = [...complete].at(-1) ?? null
    const coming = uplink.carry(sizes.travelBytes(before, manifest)).arrived.then(() => {
      complete.add(manifest)
    })
    images.set(manifest, coming)
    return coming
  }

  return {
    lan,
    uplink,
    cut: () => {
      isCut = true
      uplink.cut()
    },
    mend: () => {
      if (!isCut) return
      isCut = false
      uplink.mend()
      onMended()
    },
    isCut: () => isCut,
    stock: (manifest) => {
      complete.add(manifest)
      images.set(manifest, Promise.resolve())
    },
    want: (manifest) => {
      void want(manifest)
    },
    isWanted: (manifest) => images.has(manifest),
    has: (manifest) => complete.has(manifest),
    here: want,
  }
}
