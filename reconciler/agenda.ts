/** What will happen when, in order: a binary heap. What is due at the same instant happens in the order in which it was put down. */
import type { Instant } from './model/ids.ts'

type Entry<Item> = { readonly at: Instant; readonly order: number; readonly item: Item }

export type Agenda<Item> = {
  add(at: Instant, item: Item): void
  /** Takes the first that is due by `now`. */
  due(now: Instant): Item | undefined
  /** Infinity: nothing more is put down. */
  nextAt(): Instant
}

export function createAgenda<Item>(): Agenda<Item> {
  const heap: Entry<Item>[] = []
  let order = 0
  return {
    nextAt: () => heap[0]?.at ?? Number.POSITIVE_INFINITY,
    add(at, item) {
      heap.push({ at, order: order++, item })
      rise(heap, heap.length - 1)
    },
    due(now) {
      const first = heap[0]
      if (first === undefined || first.at > now) return undefined
      const last = heap.pop()
      if (last !== undefined && heap.length > 0) {
        heap[0] = last
        sink(heap)
      }
      return first.item
    },
  }
}

const isBefore = (a: Entry<unknown>, b: Entry<unknown>): boolean =>
  a.at < b.at || (a.at === b.at && a.order < b.order)

function rise(heap: Entry<unknown>[], index: number): void {
  for (let child = index; child > 0; ) {
    const parent = (child - 1) >> 1
    if (!swapIfBefore(heap, child, parent)) return
    child = parent
  }
}

function sink(heap: Entry<unknown>[]): void {
  for (let parent = 0; ; ) {
    const left = 2 * parent + 1
    const [one, other] = [heap[left], heap[left + 1]]
    if (one === undefined) return
    const child = other !== undefined && isBefore(other, one) ? left + 1 : left
    if (!swapIfBefore(heap, child, parent)) return
    parent = child
  }
}

/** Whether `child` was to happen before `parent` and has changed places with it. */
function swapIfBefore(heap: Entry<unknown>[], child: number, parent: number): boolean {
  const [below, above] = [heap[child], heap[parent]]
  if (below === undefined || above === undefined || !isBefore(below, above)) return false
  heap[child] = above
  heap[parent] = below
  return true
}
