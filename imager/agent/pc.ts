/** This PC as the imager's steps need it: what the ramdisk knows, and what lies where. */
import type { Phase, Progress, Tally } from '../../imaging/protocol.ts'
import type { Hardware } from './hardware.ts'
import type { KernelOptions } from './kernel-options.ts'
import type { Failed } from './result.ts'

export type Pc = {
  readonly hardware: Hardware
  readonly options: KernelOptions
  /** PEM of the park's key, which signs manifests. */
  readonly parkKey: string
  /** The ramdisk's folder with what goes onto disks (imaging/boot-set.ts, `onPc`). */
  readonly bootFiles: string
  /** Whether firmware entries may be written: not for a disk that is a file. */
  readonly mayWriteFirmware: boolean
  now(): number
}

/** To screen and site server. */
export type Report = {
  progress(progress: Omit<Progress, 'job'>): void
  /** What is done now; the figures stay. */
  phase(phase: Phase, partition?: string): void
}

export type FailedWork = Failed & { readonly tally: Tally }

export const failedWork = (failure: Failed, tally: Tally = noTally): FailedWork => ({ ...failure, tally })

/** Nothing was read or written. */
export const noTally: Tally = {
  read: 0,
  matched: 0,
  fetched: 0,
  fromCache: 0,
  written: 0,
  durationMs: 0,
  perPartition: [],
}
