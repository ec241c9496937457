/**
 * A line that is shared evenly by all that is on its way (processor sharing), as many TCP streams do in the long run. What each
 * stream has got since the beginning is one number for all of them, so that thousands of streams cost a heap operation each.
 */
import type { Instant } from '../../reconciler/model/ids.ts'
import type { VirtualClock } from './clock.ts'

export type Transfer = {
  /** True when all bytes are there; false when it was stopped. */
  readonly arrived: Promise<boolean>
  stop(): void
}

export type Link = {
  carry(bytes: number): Transfer
  /** What has gone through since the beginning. */
  carriedBytes(): number
  /** How many transfers are on their way. */
  streams(): number
  /** Nothing goes through while it is cut; what is on its way waits. */
  cut(): void
  mend(): void
}

type Stream = { readonly until: number; readonly settle: (arrived: boolean) => void }

export const createLink = (clock: VirtualClock, bytesPerSecond: number): Link => {
  /** Sorted by what each has to have got; the first ends first. */
  const streams: Stream[] = []
  let isCut = false
  /** What a stream that was there from the beginning would have got. */
  let share = 0
  let carried = 0
  let since: Instant = clock.now()
  let callOff: () => void = () => undefined

  const rate = (): number => (isCut || streams.length === 0 ? 0 : bytesPerSecond / 1000 / streams.length)

  const advance = (): void => {
    const elapsedMs = clock.now() - since
    since = clock.now()
    if (elapsedMs <= 0) return
    const got = elapsedMs * rate()
    share += got
    carried += got * streams.length
  }

  const schedule = (): void => {
    callOff()
    callOff = () => undefined
    const first = streams[0]
    if (!first || rate() === 0) return
    const leftMs = Math.ceil((first.until - share) / rate())
    callOff = clock.at(clock.now() + Math.max(0, leftMs), finish)
  }

  const finish = (): void => {
    advance()
    // Half a byte of rounding is no byte.
    while (streams[0] && streams[0].until <= share + 0.5) streams.shift()?.settle(true)
    schedule()
  }

  const remove = (stream: Stream): void => {
    const index = streams.indexOf(stream)
    if (index < 0) return
    advance()
    streams.splice(index, 1)
    stream.settle(false)
    schedule()
  }

  return {
    carry: (bytes) => {
      advance()
      const { promise, resolve } = Promise.withResolvers<boolean>()
      const stream: Stream = { until: share + bytes, settle: resolve }
      streams.splice(placeOf(streams, stream.until), 0, stream)
      schedule()
      return { arrived: promise, stop: () => remove(stream) }
    },
    carriedBytes: () => {
      advance()
      return carried
    },
    streams: () => streams.length,
    cut: () => {
      advance()
      isCut = true
      schedule()
    },
    mend: () => {
      advance()
      isCut = false
      schedule()
    },
  }
}

/** Behind all that end earlier or at the same time. */
const placeOf = (streams: readonly Stream[], until: number): number => {
  let [low, high] = [0, streams.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((streams[middle]?.until ?? 0) <= until) low = middle + 1
    else high = middle
  }
  return low
}
