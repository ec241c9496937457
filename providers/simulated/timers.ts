import type { Instant } from '../../reconciler/model/ids.ts'

/** `wake` undefined: it was called off, and is skipped when it comes up. */
export type Timer = { readonly at: Instant; readonly order: number; wake: (() => void) | undefined }

/** What is to happen at which virtual instant: a binary heap, as a region has tens of thousands of sleepers at any time. */
export type Timers = {
  add(at: Instant, wake: () => void): Timer
  /** The next that was not called off. */
  first(): Timer | undefined
  /** Takes out the one that `first` gives. */
  take(): void
}

export const createTimers = (): Timers => {
  const heap: Timer[] = []
  let order = 0
  const first = (): Timer | undefined => {
    for (let top = heap[0]; top; top = heap[0]) {
      if (top.wake !== undefined) return top
      pop(heap)
    }
    return undefined
  }
  return {
    add: (at, wake) => {
      order += 1
      const timer = { at, order, wake }
      push(heap, timer)
      return timer
    },
    first,
    take: () => {
      if (first()) pop(heap)
    },
  }
}

/** Equal instants in the order in which they were asked for, so that the same seed gives the same run. */
const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

const push = (heap: Timer[], timer: Timer): void => {
  let index = heap.length
  while (index > 0) {
    const up = (index - 1) >> 1
    const parent = heap[up]
    if (!parent || !isBefore(timer, parent)) break
    heap[index] = parent
    index = up
  }
  heap[index] = timer
}

const pop = (heap: Timer[]): void => {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  let index = 0
  for (;;) {
    const left = heap[2 * index + 1]
    if (!left) break
    const right = heap[2 * index + 2]
    const isRight = right !== undefined && isBefore(right, left)
    const child = isRight ? right : left
    if (!isBefore(child, last)) break
    heap[index] = child
    index = 2 * index + (isRight ? 2 : 1)
  }
  heap[index] = last
}
