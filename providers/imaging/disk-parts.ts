import type { ImagerDigests, Work } from '../../imaging/protocol.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { ObservedDisk } from '../../reconciler/model/observed.ts'
import type { Action } from '../../reconciler/model/plan.ts'
import type { Reason } from '../../reconciler/model/reason.ts'
import type { Clock, Provider } from '../../reconciler/ports.ts'
import type { Waker } from '../ssh/provider.ts'
import type { ImagerDesk } from './desk-port.ts'

export type DiskParts = {
  /** Reaches the PC's own system: everything but disks is its work, and so is the restart into the imager. */
  readonly inner: Provider
  readonly desk: ImagerDesk
  readonly wake: Waker
  readonly clock: Clock
  /** Who looks, as written into observations. */
  readonly observer: string
  /** Public keys with which machines are managed, as lines of authorized_keys. */
  readonly managementKeys: readonly string[]
  /** The kernel and ramdisk that this site gives out now; undefined: they were not built yet. */
  readonly imager: () => Promise<ImagerDigests | undefined>
  readonly pins: { pin(machine: MachineId, fingerprint: string): Promise<void> }
  readonly memory: DiskMemory
  /** Signs and names what a capture has brought into the image store. */
  readonly finishCapture: (
    action: Action,
    work: Extract<Work, { kind: 'capture' }>,
    draft: unknown,
  ) => Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: Reason }>
  readonly limits?: Partial<DiskLimits>
}

/** What is known of disks beyond one look; the inventory of the store. */
export type DiskMemory = {
  /** What was observed last; undefined: this disk was never seen. */
  disk(machine: MachineId): Promise<ObservedDisk | undefined>
  note(machine: MachineId, disk: ObservedDisk): Promise<void>
  verified(action: Action, verified: NonNullable<ObservedDisk['verified']>): Promise<void>
}

export type DiskLimits = {
  /** How often a PC that does not speak is woken, or looked at, again. */
  readonly lookEveryMs: number
  /** From an order, or the imager's last word, until nothing more is expected of this PC now. */
  readonly patienceMs: number
  /** From the end of the imager's work to the first login into the PC's own system. */
  readonly systemTimeoutMs: number
  readonly observeTimeoutMs: number
}

/** A slow PC with a large RAM tests it for minutes before it asks the network. */
export const defaultDiskLimits: DiskLimits = {
  lookEveryMs: 5_000,
  patienceMs: 15 * 60_000,
  systemTimeoutMs: 10 * 60_000,
  observeTimeoutMs: 30_000,
}
