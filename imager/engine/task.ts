/** What the workers compute on the shared memory. Numbers of bytes and offsets only: no data crosses between threads. */
import type { ChunkName } from '../../imaging/digest.ts'

/** A stretch of the shared memory. */
export type Span = { readonly at: number; readonly bytes: number }

export type Task =
  /** Zeroes `unused` (begin and end in turn, in bytes of the span), then names what is there. `name` is undefined if all is zero. */
  | { readonly kind: 'name'; readonly span: Span; readonly unused: readonly number[] }
  /** Unpacks and checks a stored chunk. */
  | { readonly kind: 'open'; readonly name: ChunkName; readonly from: Span; readonly to: Span }
  /** Packs into `to`, which is large enough for what cannot be packed. */
  | { readonly kind: 'pack'; readonly from: Span; readonly to: Span }
  /** Where two buffers differ, in blocks of `grainBytes`. */
  | { readonly kind: 'differ'; readonly a: Span; readonly b: Span; readonly grainBytes: number }

export type TaskResult = {
  readonly name: ChunkName | undefined
  readonly open: boolean
  /** Bytes as packed. */
  readonly pack: number
  /** Begin and end in turn, in bytes of the span. */
  readonly differ: readonly number[]
}

export type ToWorker = { readonly id: number; readonly task: Task }
export type FromWorker =
  | { readonly id: number; readonly result: TaskResult[Task['kind']] }
  | { readonly id: number; readonly failed: string }
