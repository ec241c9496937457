import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { PackedRange, RangeToPack } from './packed-range.ts'

/** Threads that read, mask, hash, compress and store ranges of chunks. */
export type ChunkPacker = {
  /** One range at a time a thread; more wait here. */
  pack(range: RangeToPack): Promise<PackedRange>
  readonly threads: number
  close(): Promise<void>
}

type Waiting = {
  readonly range: RangeToPack
  readonly resolve: (packed: PackedRange) => void
  readonly reject: (error: unknown) => void
}

/** Each thread holds some ten chunks in memory; beyond eight, disks are the limit. */
const mostThreads = 8

export const startChunkPacker = (
  storeFolder: string,
  threads = Math.min(mostThreads, availableParallelism()),
): ChunkPacker => {
  const queue: Waiting[] = []
  const idle: Worker[] = []
  const busy = new Map<Worker, Waiting>()
  let broken: unknown

  const dispatch = (): void => {
    while (queue.length > 0) {
      const worker = idle.pop()
      const next = worker && queue.shift()
      if (worker === undefined || next === undefined) return
      busy.set(worker, next)
      worker.postMessage(next.range)
    }
  }
  const fail = (error: unknown): void => {
    broken = error
    for (const waiting of [...busy.values(), ...queue.splice(0)]) waiting.reject(error)
    busy.clear()
  }
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(new URL('./chunk-packer-thread.ts', import.meta.url), {
      workerData: { storeFolder },
    })
    worker.on('message', (packed: PackedRange) => {
      busy.get(worker)?.resolve(packed)
      busy.delete(worker)
      idle.push(worker)
      dispatch()
    })
    worker.on('error', fail)
    return worker
  })
  idle.push(...workers)

  return {
    threads,
    pack: (range) =>
      new Promise((resolve, reject) => {
        if (broken !== undefined) return reject(broken)
        queue.push({ range, resolve, reject })
        dispatch()
      }),
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}
