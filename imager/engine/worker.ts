/** A thread that hashes, unpacks, packs and compares in the engine's shared memory. Started by crew.ts only. */
import { parentPort, workerData } from 'node:worker_threads'
import { chunkName, compressChunk, isZero, openChunk } from '../../imaging/codec.ts'
import type { FromWorker, Span, Task, TaskResult, ToWorker } from './task.ts'

const memory: unknown = workerData
const port = parentPort
if (port === null || !(memory instanceof SharedArrayBuffer)) {
  throw new Error('the engine’s worker was not started by the engine')
}

const bytesOf = (span: Span): Uint8Array => new Uint8Array(memory, span.at, span.bytes)

const perform = (task: Task): TaskResult[Task['kind']] => {
  switch (task.kind) {
    case 'name': {
      const bytes = bytesOf(task.span)
      for (let index = 0; index < task.unused.length; index += 2) {
        bytes.fill(0, task.unused[index], task.unused[index + 1])
      }
      return isZero(bytes) ? undefined : chunkName(bytes)
    }
    case 'open': {
      const opened = openChunk(task.name, bytesOf(task.from), task.to.bytes)
      if (opened.ok) {
        bytesOf(task.to).set(opened.bytes)
        release(opened.bytes)
      }
      return opened.ok
    }
    case 'pack': {
      const packed = compressChunk(bytesOf(task.from))
      bytesOf(task.to).set(packed)
      const { length } = packed
      release(packed)
      return length
    }
    case 'differ':
      return differing(bytesOf(task.a), bytesOf(task.b), task.grainBytes)
  }
}

/**
 * Gives zlib's output back at once. A thread that makes little else than a megabyte a time is collected late: without this, the
 * workers held another hundred megabytes.
 */
const release = ({ buffer, byteLength }: Uint8Array): void => {
  // Node's pool serves many small buffers from one: that is not ours to give back.
  if (buffer instanceof ArrayBuffer && byteLength > Buffer.poolSize) buffer.transfer(0)
}

const differing = (a: Uint8Array, b: Uint8Array, grainBytes: number): readonly number[] => {
  const bounds: number[] = []
  for (let from = 0; from < a.length; from += grainBytes) {
    const end = Math.min(a.length, from + grainBytes)
    if (Buffer.compare(a.subarray(from, end), b.subarray(from, end)) === 0) continue
    if (bounds.at(-1) === from) bounds[bounds.length - 1] = end
    else bounds.push(from, end)
  }
  return bounds
}

port.on('message', ({ id, task }: ToWorker) => {
  const answer = (message: FromWorker): void => port.postMessage(message)
  try {
    answer({ id, result: perform(task) })
  } catch (error) {
    answer({ id, failed: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
