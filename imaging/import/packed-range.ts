/** What the importing thread and its workers say to each other. */
import type { Volume } from '../used-blocks/volume.ts'
import type { Extent } from '../used-map.ts'

/** Chunks `[firstChunk, firstChunk + chunks)` of a partition, and its used extents among them. */
export type RangeToPack = {
  readonly volume: Volume
  readonly chunkBytes: number
  readonly firstChunk: number
  readonly chunks: number
  readonly used: readonly Extent[]
}

export type PackedChunk = {
  readonly index: number
  readonly name: string
  readonly storedBytes: number
  readonly isNew: boolean
}

export type PackedRange =
  /** Chunks that are not zero, in order. */
  | { readonly kind: 'packed'; readonly chunks: readonly PackedChunk[] }
  | { readonly kind: 'store-full'; readonly message: { readonly en: string; readonly fr: string } }
  | { readonly kind: 'unreadable'; readonly fromByte: number; readonly detail: string }
