import type { Text } from '../../specs/text.ts'
import type { Layout } from '../protocol.ts'
import type { From } from './image-parts.ts'
import type { PartitionProgress } from './import-partition.ts'

export type ImportRequest = {
  readonly name: string
  readonly version: string
  /** A disk image of any format (raw, qcow2, vhdx, vmdk, …), or a disk's device. */
  readonly diskPath?: string
  readonly singles: readonly { readonly name: string; readonly path: string }[]
  readonly from: readonly From[]
  /** Of the image's spec. Undefined: partitions get names of their own. */
  readonly layout?: Layout
  readonly replace: boolean
  /** RFC 3339, whole seconds. */
  readonly createdAt: string
  /** What the manifest says that it was made from. */
  readonly source: string
  /** An existing folder for copies. */
  readonly scratch: string
  readonly privateKeyPem: string
  readonly onNote: (note: Text) => void
  readonly onProgress: (partition: string, progress: PartitionProgress) => void
  /** Ended by it, what was stored stays, and the next import finds it. */
  readonly signal?: AbortSignal
}
