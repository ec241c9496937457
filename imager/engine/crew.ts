import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { ChunkName } from '../../imaging/digest.ts'
import type { FromWorker, Span, Task, TaskResult, ToWorker } from './task.ts'

/** The engine's workers: each task goes to the one with the least to do. */
export type Crew = {
  readonly size: number
  name(span: Span, unused: readonly number[]): Promise<ChunkName | undefined>
  open(name: ChunkName, from: Span, to: Span): Promise<boolean>
  pack(from: Span, to: Span): Promise<number>
  differ(a: Span, b: Span, grainBytes: number): Promise<readonly number[]>
  close(): Promise<void>
}

/** One core hashes 300 MB/s where it has no SHA instructions: four keep up with any disk of a school PC, and each costs 10 MB. */
const mostWorkers = 4

/** From source the worker is TypeScript; in the ramdisk's bundle it lies beside the agent as JavaScript. */
const workerFile = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url)

type Pending = { resolve(result: TaskResult[Task['kind']]): void; reject(error: Error): void }
type Member = { readonly worker: Worker; readonly pending: Map<number, Pending>; death: Error | undefined }

export const createCrew = (
  memory: SharedArrayBuffer,
  size = Math.min(mostWorkers, availableParallelism()),
): Crew => {
  const members = Array.from({ length: Math.max(1, size) }, () => recruit(memory))
  let lastId = 0

  const run = <K extends Task['kind']>(task: Task & { readonly kind: K }): Promise<TaskResult[K]> => {
    const member = members.reduce((least, other) => (other.pending.size < least.pending.size ? other : least))
    lastId += 1
    const id = lastId
    return new Promise((resolve, reject) => {
      if (member.death !== undefined) return reject(member.death)
      // Idle workers hold no process back from its end.
      if (member.pending.size === 0) member.worker.ref()
      // A worker answers each kind of task with that kind's result.
      member.pending.set(id, { resolve: (result) => resolve(result as TaskResult[K]), reject })
      member.worker.postMessage({ id, task } satisfies ToWorker)
    })
  }

  return {
    size: members.length,
    name: (span, unused) => run({ kind: 'name', span, unused }),
    open: (name, from, to) => run({ kind: 'open', name, from, to }),
    pack: (from, to) => run({ kind: 'pack', from, to }),
    differ: (a, b, grainBytes) => run({ kind: 'differ', a, b, grainBytes }),
    close: async () => {
      await Promise.all(members.map(({ worker }) => worker.terminate()))
    },
  }
}

const recruit = (memory: SharedArrayBuffer): Member => {
  const worker = new Worker(workerFile, { workerData: memory })
  const pending = new Map<number, Pending>()
  const member: Member = { worker, pending, death: undefined }
  const dead = (error: Error): void => {
    member.death ??= error
    for (const { reject } of pending.values()) reject(error)
    pending.clear()
  }
  worker.on('message', (message: FromWorker) => {
    const task = pending.get(message.id)
    pending.delete(message.id)
    if (pending.size === 0) worker.unref()
    if ('failed' in message) task?.reject(new Error(`a worker of the engine failed: ${message.failed}`))
    else task?.resolve(message.result)
  })
  worker.on('error', (error) => dead(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', (code) => dead(new Error(`a worker of the engine ended with ${code}`)))
  // After the listeners: the first of them holds the process.
  worker.unref()
  return member
}
