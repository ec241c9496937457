/** A disk in memory: blank, somebody else's, ours, or half-written. Writing it takes time, and a power cut leaves it torn. */
import type { DiskChange, ResetChange } from '../../reconciler/model/change.ts'
import type { ActionId, DiskRequestId, Instant } from '../../reconciler/model/ids.ts'
import type { ObservedDisk } from '../../reconciler/model/observed.ts'
import type { FailureClass } from '../../reconciler/model/plan.ts'
import type { WantedDisk } from '../../specs/desired.ts'

export type ImagerChange = DiskChange | ResetChange

export type SimulatedDisk = {
  /** `torn`: an imager has begun to write and did not finish: its system is never started. */
  content: 'blank' | 'foreign' | 'ours' | 'torn'
  state: ObservedDisk['state'] | undefined
  verified: ObservedDisk['verified'] | undefined
  /** Chunks that differ from the image, by a hand or by age. */
  damagedChunks: number
  /** What the next imagers say instead of writing. */
  refusal: { readonly code: string; readonly class: FailureClass } | undefined
  /** Each time that an imager began to write, in order: for assertions. */
  readonly writes: readonly SimulatedWrite[]
}

export type SimulatedWrite = {
  readonly action: ActionId
  readonly kind: ImagerChange['facet'] | DiskChange['operation']
  readonly to: string
  readonly request: DiskRequestId | undefined
  finished: boolean
}

export type DiskTools = SimulatedDisk & {
  /** Whether its own system can start. */
  starts(): boolean
  observe(at: Instant, by: 'system' | 'imager'): ObservedDisk
  /** Before the first byte. */
  begin(action: ActionId, change: ImagerChange): SimulatedWrite
  /** After the last. */
  finish(write: SimulatedWrite, change: ImagerChange, at: Instant): void
  verify(at: Instant): void
  /** Whether all of it is as this change wants it. */
  equals(change: ImagerChange): boolean
  /** It was found to be equal. */
  note(action: ActionId, change: ImagerChange, at: Instant): void
  /** As if it had been made so long ago. */
  settle(wanted: WantedDisk, at: Instant): void
}

export const createDisk = (): DiskTools => {
  const writes: SimulatedWrite[] = []
  const disk: DiskTools = {
    content: 'foreign',
    state: undefined,
    verified: undefined,
    damagedChunks: 0,
    refusal: undefined,
    writes,
    starts: () => disk.content === 'foreign' || disk.content === 'ours',
    observe: (at, by) => ({
      at,
      by,
      ...(disk.content === 'ours' && disk.state ? { state: disk.state } : {}),
      ...(by === 'imager' ? { disks: [{ name: 'sda', sizeBytes: 256e9, partitions: partitions() }] } : {}),
      ...(disk.verified ? { verified: disk.verified } : {}),
    }),
    begin: (action, change) => {
      const kind = change.facet === 'reset' ? 'reset' : change.operation
      const write: SimulatedWrite = { action, kind, to: change.to, request: change.request, finished: false }
      writes.push(write)
      disk.content = 'torn'
      return write
    },
    finish: (write, change, at) => {
      write.finished = true
      disk.content = 'ours'
      disk.damagedChunks = 0
      disk.verified = undefined
      record(write.action, change, at)
    },
    equals: ({ to, layout }) => {
      const { content, state, damagedChunks } = disk
      return content === 'ours' && damagedChunks === 0 && state?.manifest === to && state.layout === layout
    },
    note: (action, change, at) => record(action, change, at),
    verify: (at) => {
      if (disk.state === undefined) return
      const differing = [{ partition: 'root', chunks: 1000, differing: disk.damagedChunks }]
      disk.verified = { at, manifest: disk.state.manifest, differing }
    },
    settle: (wanted, at) => {
      if (wanted.manifest === undefined) return
      disk.content = 'ours'
      disk.state = {
        manifest: wanted.manifest,
        image: `${wanted.name}@${wanted.version}`,
        layout: wanted.layoutDigest,
        settings: wanted.settingsDigest,
        job: 'before',
        at,
        how: 'restore',
      }
    },
  }
  const record = (job: ActionId, change: ImagerChange, at: Instant): void => {
    disk.state = {
      manifest: change.to,
      image: change.image,
      layout: change.layout,
      settings: change.settings,
      job,
      at,
      how: change.facet === 'reset' ? 'reset' : change.operation === 'restore' ? 'restore' : 'upgrade',
    }
  }
  const partitions = () => (disk.content === 'blank' ? [] : [{ number: 1, sizeBytes: 256e9, name: 'root' }])
  return disk
}
