/** One run of restore, upgrade or reset, as its steps share it. */
import type { DiskState, EqualWork, Job, Tally } from '../../imaging/protocol.ts'
import type { ChunkSource } from '../../imaging/source.ts'
import type { Target } from '../engine/make-equal.ts'
import type { Disk } from './disks.ts'
import type { SignedJob } from './job-check.ts'
import type { PlacedPartition, PlannedTable } from './layout-plan.ts'
import type { DiskTable } from './partition-table.ts'
import type { Pc, Report } from './pc.ts'
import type { SystemKey } from './system-identity.ts'
import type { CheckedManifest } from './wanted-manifest.ts'

export type EqualOrder = {
  readonly signed: SignedJob
  readonly job: Job
  readonly work: EqualWork
  readonly how: DiskState['how']
  /** Only this system, of several. */
  readonly only?: string
  readonly checked: CheckedManifest
  /** What the disk was last made equal to; undefined: nothing of ours. */
  readonly state?: DiskState
  readonly disk: Disk
  /** Whether a system of this disk could be started until now. */
  readonly ready: boolean
  readonly table: DiskTable
  readonly source: ChunkSource
  readonly signal: AbortSignal
  readonly report: Report
}

export type EqualDone = {
  readonly ok: true
  readonly tally: Tally
  readonly state: DiskState
  readonly hostKeys: readonly SystemKey[]
  /** What did not go well, but hinders nobody. */
  readonly notes: readonly string[]
}

export type Run = {
  readonly pc: Pc
  readonly order: EqualOrder
  readonly table: PlannedTable
  /** Could be started until now, and can again as long as no system has changed. */
  readonly startable: boolean
  /** Where the cache partition is mounted; undefined: the layout has none. */
  readonly folder?: string
}

/** Systems first, what starts them last. */
export const targetsOf = (run: Run): readonly Target[] =>
  meantPartitions(run)
    .map((partition) => targetOf(run.order.disk.device, partition))
    .filter((target) => target !== undefined)
    .toSorted((a, b) => Number(a.bootable === 'boot') - Number(b.bootable === 'boot'))

function targetOf(
  device: string,
  { image, wanted, startBytes, sizeBytes }: PlacedPartition,
): Target | undefined {
  if (image === undefined) return undefined
  const isBoot = wanted.type === 'esp' || wanted.type === 'bios'
  const bootable = isBoot ? 'boot' : (wanted.os ?? image.os) === undefined ? 'plain' : 'system'
  return { partition: image, device, offsetBytes: startBytes, sizeBytes, bootable }
}

/** The partitions that the image fills, in this run. With `only`, other systems are left as they are. */
export const meantPartitions = ({ order: { only }, table }: Run): readonly PlacedPartition[] =>
  table.partitions.filter(
    ({ image, name, wanted }) =>
      image !== undefined && (only === undefined || (wanted.os ?? image.os) === undefined || name === only),
  )
