/** What the layout's partition types are on a disk: type codes, and the file system of a partition that no image fills. */
import { type PartitionType, partitionTypes } from '../../imaging/partition-type.ts'
import type { Layout, LayoutPartition } from '../../imaging/protocol.ts'

export type NewFileSystem = 'ext4' | 'ntfs' | 'vfat' | 'swap' | 'none'

/** As partition tables have it. A `data` partition that Windows reads too must be one that Windows looks at. */
export const typeCode = (layout: Layout, type: PartitionType): string =>
  partitionTypes[type === 'data' && hasWindows(layout) ? 'windows' : type][layout.table]

const hasWindows = (layout: Layout): boolean => layout.partitions.some(({ type }) => type === 'windows')

/** `data` is for the users' files: NTFS where one of the systems is Windows, because both can read it; else ext4. */
export function newFileSystem(layout: Layout, { type, content }: LayoutPartition): NewFileSystem {
  if (content === 'cache') return 'ext4'
  switch (type) {
    case 'linux':
      return 'ext4'
    case 'data':
      return hasWindows(layout) ? 'ntfs' : 'ext4'
    case 'windows':
    case 'recovery':
      return 'ntfs'
    case 'esp':
      return 'vfat'
    case 'swap':
      return 'swap'
    case 'bios':
    case 'msr':
      return 'none'
  }
}
