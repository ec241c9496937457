/**
 * The engine's whole memory for data: a fixed number of buffers, shared with the workers without copying. However large the disk,
 * nothing more is taken; who needs a buffer waits for one.
 */

/** Disks that are read past the page cache want buffers on page borders. */
const pageBytes = 4096
const wasmPageBytes = 65_536

/** What we use of it; neither ECMAScript's nor Node's types have it. */
declare const WebAssembly: {
  readonly Memory: new (pages: {
    readonly initial: number
    readonly maximum: number
    readonly shared: boolean
  }) => { readonly buffer: ArrayBufferLike }
}

export type Slot = {
  /** Where the buffer lies in the shared memory; a multiple of 4096. */
  readonly at: number
  readonly bytes: Uint8Array<SharedArrayBuffer>
}

export type SlotPool = {
  readonly free: number
  /** Undefined: aborted while it waited. */
  take(signal: AbortSignal): Promise<Slot | undefined>
  give(slot: Slot): void
}

export type Slots = {
  readonly memory: SharedArrayBuffer
  readonly pools: readonly SlotPool[]
}

export type SlotDemand = { readonly count: number; readonly bytes: number }

/**
 * One pool for each demand, all in one memory. It is a WebAssembly memory because that is the one buffer in JavaScript that surely
 * begins on a page border, which O_DIRECT demands.
 */
export const createSlots = (demands: readonly SlotDemand[]): Slots => {
  const strides = demands.map(({ bytes }) => Math.ceil(bytes / pageBytes) * pageBytes)
  const totalBytes = demands.reduce((sum, { count }, index) => sum + count * (strides[index] ?? 0), 0)
  const pages = Math.ceil(totalBytes / wasmPageBytes)
  const memory = sharedMemory(pages)
  let at = 0
  const pools = demands.map(({ count, bytes }, index) => {
    const slots = Array.from({ length: count }, () => {
      const slot = { at, bytes: new Uint8Array(memory, at, bytes) }
      at += strides[index] ?? 0
      return slot
    })
    return createPool(slots)
  })
  return { memory, pools }
}

const sharedMemory = (pages: number): SharedArrayBuffer => {
  const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  if (buffer instanceof SharedArrayBuffer) return buffer
  throw new Error('a shared WebAssembly memory came without a shared buffer')
}

const createPool = (slots: readonly Slot[]): SlotPool => {
  const idle = [...slots]
  const waiting: ((slot: Slot) => void)[] = []
  return {
    get free() {
      return idle.length
    },
    take: (signal) => {
      if (signal.aborted) return Promise.resolve(undefined)
      const slot = idle.pop()
      if (slot !== undefined) return Promise.resolve(slot)
      return new Promise((resolve) => {
        const onAbort = () => {
          waiting.splice(waiting.indexOf(onSlot), 1)
          resolve(undefined)
        }
        const onSlot = (given: Slot) => {
          signal.removeEventListener('abort', onAbort)
          resolve(given)
        }
        signal.addEventListener('abort', onAbort, { once: true })
        waiting.push(onSlot)
      })
    },
    give: (slot) => {
      const next = waiting.shift()
      if (next === undefined) idle.push(slot)
      else next(slot)
    },
  }
}
