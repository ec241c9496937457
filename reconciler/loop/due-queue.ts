import type { Instant, MachineId } from '../model/ids.ts'

/** Which machine is to be looked at next: a binary heap by due time in which an entry that was put off is skipped when it comes up. */
export type DueQueue = {
  /** Sets when a machine is due, in the place of what was set before. */
  set(machine: MachineId, at: Instant): void
  /** When a machine is due, if it is queued. */
  at(machine: MachineId): Instant | undefined
  /** Takes a machine that is due by `now` out of the queue. */
  take(now: Instant): MachineId | undefined
  next(): Instant | undefined
  remove(machine: MachineId): void
  machines(): Iterable<MachineId>
}

type Entry = { readonly machine: MachineId; readonly at: Instant; readonly order: number }

export const createDueQueue = (): DueQueue => {
  const heap: Entry[] = []
  const current = new Map<MachineId, Entry>()
  let order = 0

  const first = (): Entry | undefined => {
    for (let top = heap[0]; top; top = heap[0]) {
      if (current.get(top.machine) === top) return top
      pop(heap)
    }
    return undefined
  }

  return {
    set: (machine, at) => {
      if (current.get(machine)?.at === at) return
      order += 1
      const entry = { machine, at, order }
      current.set(machine, entry)
      push(heap, entry)
    },
    at: (machine) => current.get(machine)?.at,
    take: (now) => {
      const top = first()
      if (!top || top.at > now) return undefined
      pop(heap)
      current.delete(top.machine)
      return top.machine
    },
    next: () => first()?.at,
    remove: (machine) => {
      current.delete(machine)
    },
    machines: () => current.keys(),
  }
}

/** Equal times in the order in which they were set, so that simulations repeat. */
const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

const push = (heap: Entry[], entry: Entry): void => {
  let index = heap.length
  while (index > 0) {
    const up = (index - 1) >> 1
    const parent = heap[up]
    if (!parent || !isBefore(entry, parent)) break
    heap[index] = parent
    index = up
  }
  heap[index] = entry
}

const pop = (heap: Entry[]): void => {
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
