/** A disk in memory: blank, somebody else's, ours, or half-written. Writing it takes time, and a power cut leaves it torn. */
import type { DiskChange, ResetChange } from '../../reconciler/model/change.ts'
import type { ActionId, DiskRequestId, Instant } from '../../reconciler/model/ids.ts'
import type { ObservedDisk } from '../../reconciler/model/observed.ts'
import type { FailureClass } from '../../reconciler/model/plan.ts'
import type { WantedDisk } from '../../specs/desired.ts'

export type ImagerChange = DiskChange | ResetChange

export type SimulatedWrite = {
  readonly action: ActionId
  readonly kind: ImagerChange['facet'] | DiskChange['operation']
  readonly to: string
  readonly request: DiskRequestId | undefined
  finished: boolean
}

export class SimulatedDisk {
  /** `torn`: an imager has begun to write and did not finish: its system is never started. */
  content: 'blank' | 'foreign' | 'ours' | 'torn' = 'foreign'
  state: ObservedDisk['state'] | undefined
  verified: ObservedDisk['verified'] | undefined
  /** Chunks that differ from the image, by a hand or by age. */
  damagedChunks = 0
  /** What the next imagers say instead of writing. */
  refusal: { readonly code: string; readonly class: FailureClass } | undefined
  /** Each time that an imager began to write, in order: for assertions. */
  readonly writes: SimulatedWrite[] = []

  /** Whether its own system can start. */
  starts(): boolean {
    return this.content === 'foreign' || this.content === 'ours'
  }

  observe(at: Instant, by: 'system' | 'imager'): ObservedDisk {
    return {
      at,
      by,
      ...(this.content === 'ours' && this.state ? { state: this.state } : {}),
      ...(by === 'imager'
        ? { disks: [{ name: 'sda', sizeBytes: 256e9, partitions: this.#partitions() }] }
        : {}),
      ...(this.verified ? { verified: this.verified } : {}),
    }
  }

  /** Before the first byte. */
  begin(action: ActionId, change: ImagerChange): SimulatedWrite {
    const kind = change.facet === 'reset' ? 'reset' : change.operation
    const write: SimulatedWrite = { action, kind, to: change.to, request: change.request, finished: false }
    this.writes.push(write)
    this.content = 'torn'
    return write
  }

  /** After the last. */
  finish(write: SimulatedWrite, change: ImagerChange, at: Instant): void {
    write.finished = true
    this.content = 'ours'
    this.damagedChunks = 0
    this.verified = undefined
    this.note(write.action, change, at)
  }

  /** Whether all of it is as this change wants it. */
  equals({ to, layout }: ImagerChange): boolean {
    const { content, state, damagedChunks } = this
    return content === 'ours' && damagedChunks === 0 && state?.manifest === to && state.layout === layout
  }

  /** It was found, or made, to be equal. */
  note(job: ActionId, change: ImagerChange, at: Instant): void {
    this.state = {
      manifest: change.to,
      image: change.image,
      layout: change.layout,
      settings: change.settings,
      job,
      at,
      how: change.facet === 'reset' ? 'reset' : change.operation === 'restore' ? 'restore' : 'upgrade',
    }
  }

  verify(at: Instant): void {
    if (this.state === undefined) return
    const differing = [{ partition: 'root', chunks: 1000, differing: this.damagedChunks }]
    this.verified = { at, manifest: this.state.manifest, differing }
  }

  /** As if it had been made so long ago. */
  settle(wanted: WantedDisk, at: Instant): void {
    if (wanted.manifest === undefined) return
    this.content = 'ours'
    this.state = {
      manifest: wanted.manifest,
      image: `${wanted.name}@${wanted.version}`,
      layout: wanted.layoutDigest,
      settings: wanted.settingsDigest,
      job: 'before',
      at,
      how: 'restore',
    }
  }

  #partitions() {
    return this.content === 'blank' ? [] : [{ number: 1, sizeBytes: 256e9, name: 'root' }]
  }
}
