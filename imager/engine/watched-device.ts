/**
 * A disk that dies often does not say so: it takes seconds for each request, retrying inside. An order that would take days
 * keeps a PC from its class; it is better to give up with the reason.
 */
import { type Device, DiskFault } from './device.ts'

export type Slowness = {
  /** One request that takes longer than this. */
  readonly requestMs: number
  /** So many requests in a row that take longer than `eachMs`. */
  readonly inARow: number
  readonly eachMs: number
}

/** A healthy disk answers a request of 1 MiB in 20 ms, a slow USB stick in 300 ms; after 30 s the kernel resets its link. */
export const absurdSlowness: Slowness = { requestMs: 60_000, inARow: 64, eachMs: 4_000 }

export type WatchedDevice = Device & {
  /** Rejects when the disk is given up; requests that the kernel still holds may never end. */
  readonly givenUp: Promise<never>
}

export const watchDevice = (device: Device, slowness: Slowness): WatchedDevice => {
  const end = Promise.withResolvers<never>()
  // Not everyone looks; who does still gets it.
  end.promise.catch(() => undefined)
  let slowInARow = 0
  let slow: DiskFault | undefined

  const timed = (position: number | undefined, request: () => Promise<void>): Promise<void> => {
    if (slow !== undefined) return Promise.reject(slow)
    const start = performance.now()
    return new Promise((resolve, reject) => {
      const giveUp = (cause: string): void => {
        slow ??= new DiskFault('disk-slow', device.path, position, cause)
        reject(slow)
        end.reject(slow)
      }
      const timer = setTimeout(
        () => giveUp(`no answer for ${slowness.requestMs / 1000} s`),
        slowness.requestMs,
      )
      request().then(
        () => {
          clearTimeout(timer)
          const tookMs = performance.now() - start
          slowInARow = tookMs > slowness.eachMs ? slowInARow + 1 : 0
          if (slowInARow >= slowness.inARow) {
            giveUp(`${slowInARow} requests in a row took over ${slowness.eachMs / 1000} s each`)
          } else resolve()
        },
        (error: unknown) => {
          clearTimeout(timer)
          reject(error)
        },
      )
    })
  }

  return {
    givenUp: end.promise,
    path: device.path,
    alignBytes: device.alignBytes,
    read: (buffer, position) => timed(position, () => device.read(buffer, position)),
    write: (buffer, position) => timed(position, () => device.write(buffer, position)),
    // A flush waits for all that the disk has in its cache, which may be a lot on an old one.
    sync: () => timed(undefined, () => device.sync()),
    // Closing waits for the requests, which may be for ever.
    close: () => (slow === undefined ? device.close() : Promise.resolve()),
  }
}
