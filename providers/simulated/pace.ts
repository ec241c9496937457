/** How long what a PC does takes: by chance, or worked out from its hardware, the bytes and the lines that they come over. */
import type { Change } from '../../reconciler/model/change.ts'
import type { Clock, Random } from '../../reconciler/ports.ts'
import type { ImagerChange } from './disk.ts'
import type { PcModel } from './hardware.ts'
import type { Link, Transfer } from './link.ts'
import { between } from './random.ts'

/** Some work under way: it ends by itself, or is broken off with the power. */
export type Stint = { readonly over: Promise<void>; stop(): void }

export type Pace = {
  /** From the restart, or the magic packet, into the imager; and from there to the PC's own system. */
  imagerStartMs(): number
  imagerEndMs(): number
  /** What the imager does in between. */
  imaging(change: ImagerChange): Stint
  change(change: Change): Stint
}

export const guessedPace = (clock: Clock, random: Random): Pace => {
  const wait = (least: number, most: number): Stint => ({
    over: clock.sleep(Math.round(between(random, least, most))),
    stop: () => undefined,
  })
  return {
    imagerStartMs: () => Math.round(between(random, 30_000, 60_000)),
    imagerEndMs: () => Math.round(between(random, 20_000, 60_000)),
    imaging: () => wait(20_000, 240_000),
    change: () => wait(500, 20_000),
  }
}

/** Bytes of an image version, and of what another one lacks of it. */
export type ImageSizes = {
  usedBytes(manifest: string): number
  /** Compressed, as they travel; `from` null: the disk has nothing of it. */
  travelBytes(from: string | null, to: string): number
}

export type PaceParts = {
  readonly clock: Clock
  readonly random: Random
  readonly model: PcModel
  readonly sizes: ImageSizes
  /** The lycée's own network: images come over it from the lycée's server, once that has them. */
  readonly lan: Link
  /** The lycée's line to the world: packages come over it, to each PC. */
  readonly uplink: Link
  /** When the lycée's server has this image. */
  readonly imageHere: (manifest: string) => Promise<void>
  readonly packageBytes: (source: string) => number
}

export const realPace = (parts: PaceParts): Pace => {
  const { clock, random, model, sizes, lan, uplink } = parts
  const stint = (ms: number, transfer?: () => Transfer): Stint => {
    const running = transfer?.()
    return {
      over: Promise.all([clock.sleep(Math.round(ms)), running?.arrived]).then(() => undefined),
      stop: () => running?.stop(),
    }
  }
  const image = (change: ImagerChange): Stint => {
    const used = sizes.usedBytes(change.to)
    const readMs = (used / model.diskBytesPerSecond) * 1000
    if (change.facet === 'disk' && change.operation === 'verify') return stint(readMs)
    const from = change.facet === 'reset' ? change.to : change.from
    const bytes = sizes.travelBytes(from, change.to)
    // All is read to see what differs; what differs is written and read back.
    const written = from === null ? used : Math.min(used, bytes * 2)
    return stint(readMs + (2 * written * 1000) / model.diskBytesPerSecond, () => lan.carry(bytes))
  }
  return {
    imagerStartMs: () => Math.round(model.bootMs * between(random, 0.9, 1.4)),
    imagerEndMs: () => Math.round(model.bootMs * between(random, 0.9, 1.3)),
    imaging: (change) => {
      let current: Stint | undefined
      let stopped = false
      const over = parts.imageHere(change.to).then(async () => {
        if (stopped) return
        current = image(change)
        await current.over
      })
      return {
        over,
        stop: () => {
          stopped = true
          current?.stop()
        },
      }
    },
    change: (change) => {
      const slow = model.rotational ? 2.5 : 1
      switch (change.facet) {
        case 'packages': {
          const fetches = change.operation === 'install' || change.operation === 'upgrade'
          const ms = between(random, 3_000, 15_000) * slow
          return fetches ? stint(ms, () => uplink.carry(parts.packageBytes(change.source))) : stint(ms / 2)
        }
        case 'power':
          return stint(model.bootMs * between(random, 1, 1.4))
        default:
          return stint(between(random, 500, 6_000) * slow)
      }
    },
  }
}
