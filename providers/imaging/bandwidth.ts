/** A limit of bytes a second that several transfers share (a token bucket, reckoned as the instant at which the link is free again). */
import type { Clock } from '../../reconciler/ports.ts'

export type Bandwidth = {
  /** Resolves when these bytes may pass, in the order of asking; at once when the signal aborts. */
  take(bytes: number, signal: AbortSignal): Promise<void>
}

/** `burstMs`: what was not used in this time may be made up for. */
export function createBandwidth(clock: Clock, bytesPerSecond: number, burstMs = 250): Bandwidth {
  if (!(bytesPerSecond > 0))
    throw new RangeError(`a bandwidth of ${bytesPerSecond} bytes/s lets nothing pass`)
  let freeAt = Number.NEGATIVE_INFINITY
  return {
    async take(bytes, signal) {
      const now = clock.now()
      const startAt = Math.max(freeAt, now - burstMs)
      freeAt = startAt + (bytes * 1000) / bytesPerSecond
      // Waiting for each small piece would cost more than it tells.
      const waitMs = freeAt - now
      if (waitMs >= 1) await clock.sleep(waitMs, signal)
    },
  }
}

/** Everything passes at once. */
export const unlimited: Bandwidth = { take: async () => undefined }
