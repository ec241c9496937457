/** Grows each restored system, and makes it this PC's. */
import { join } from 'node:path'
import type { DiskState, EqualWork } from '../../imaging/protocol.ts'
import { cachePaths } from './cache-partition.ts'
import { growable, growFileSystem } from './grow.ts'
import { writeDebianIdentity } from './identity-debian.ts'
import { writeWindowsIdentity } from './identity-windows.ts'
import type { PlacedPartition } from './layout-plan.ts'
import { rangeOf } from './look.ts'
import { withMounted } from './mounted.ts'
import { pcIdentity } from './pc-identity.ts'
import { done, failed, type Result } from './result.ts'

export type SystemKey = { readonly partition: string; readonly key: string }

/** The image filled it, the layout gave more room, and its file system can take it. */
export const isToGrow = ({ image, sizeBytes }: PlacedPartition): boolean =>
  image !== undefined && sizeBytes > image.sizeBytes && growable[image.fileSystem.kind]

const systemOf = ({ wanted, image }: PlacedPartition): 'debian' | 'windows' | undefined =>
  wanted.os ?? image?.os

/** Others have no name, and no keys. */
export const hasSystem = (partition: PlacedPartition): boolean => systemOf(partition) !== undefined

export async function growPartition(device: string, partition: PlacedPartition): Promise<Result<void>> {
  if (partition.image === undefined) return done(undefined)
  return growFileSystem({
    range: rangeOf(device, partition),
    fileSystem: partition.image.fileSystem.kind,
    imageBytes: partition.image.sizeBytes,
  })
}

/** Partitions without a system are left alone. Undefined: the system has no sshd. */
export async function identify(
  device: string,
  partition: PlacedPartition,
  identity: EqualWork['identity'],
  state: DiskState,
  cacheFolder: string | undefined,
): Promise<Result<SystemKey | undefined>> {
  const os = systemOf(partition)
  if (os === undefined) return done(undefined)
  const kind = partition.image?.fileSystem.kind
  if (kind !== (os === 'windows' ? 'ntfs' : 'ext4')) {
    return failed('identity-failed', `${partition.name}: ${os} on ${kind ?? 'nothing'}`)
  }
  const folder = cacheFolder === undefined ? undefined : join(cacheFolder, cachePaths.identity)
  const pc = await pcIdentity(folder, partition.name, identity.hostname)
  if (!pc.ok) return pc
  const write = os === 'windows' ? writeWindowsIdentity : writeDebianIdentity
  const written = await withMounted(rangeOf(device, partition), kind, (root) =>
    write({ root, identity, pc: pc.value, state }),
  )
  if (!written.ok) return written
  const { hostKey } = written.value
  return done(hostKey === undefined ? undefined : { partition: partition.name, key: hostKey })
}
