import type { Effect } from '../../specs/desired.ts'
import type { Digest, DiskRequestId, PackageName, ScriptName } from './ids.ts'

export type { DriftPolicy, Effect, Facet } from '../../specs/desired.ts'

/** One difference between what a machine is and what it must be. `unknown` as `from`: it could not be read. */
export type Change = DiskChange | ResetChange | PackageChange | ScriptChange | IdentityChange | PowerChange

export type PackageChange = {
  readonly facet: 'packages'
  readonly item: PackageName
  /** The package manager's own name. */
  readonly source: string
  readonly operation: 'install' | 'upgrade' | 'downgrade' | 'remove' | 'hold' | 'unhold'
  /** Installed version; null: not installed. */
  readonly from: string | null
  /** Wanted version as the spec has it; `present` and `latest` leave the choice to the package manager; null: absent. */
  readonly to: string | 'present' | 'latest' | null
  readonly hold?: boolean
  readonly effect: Effect
}

export type ScriptChange = {
  readonly facet: 'scripts'
  readonly item: ScriptName
  readonly cause: 'never-run' | 'changed' | 'new-boot' | 'check-failed' | 'failed-before'
  readonly from: Digest | null
  readonly to: Digest
  readonly effect: Effect
}

export type IdentityChange =
  | {
      readonly facet: 'identity'
      readonly item: 'hostname'
      readonly from: string
      readonly to: string
      readonly effect: Effect
    }
  | {
      readonly facet: 'identity'
      readonly item: 'authorized-keys'
      readonly from: readonly string[]
      readonly to: readonly string[]
      readonly effect: Effect
    }

/** The disk is made equal to an image, or only compared with it, or read into a new one. The imager does it, not the PC's own system. */
export type DiskChange = {
  readonly facet: 'disk'
  readonly item: 'image'
  /** `restore`: blank or not ours; `upgrade`: another version or layout; `repair`: drift that a verification found; `settings`: boot menu and reset policy only. */
  readonly operation: 'restore' | 'upgrade' | 'repair' | 'settings' | 'verify' | 'capture'
  /** Manifest digest that the disk was last made equal to; null: none of ours. */
  readonly from: string | null
  /** Manifest digest. For a capture: the `name@version` that is made. */
  readonly to: string
  /** `name@version`. */
  readonly image: string
  readonly layout: Digest
  readonly settings: Digest
  /** Partitions now on the disk that are lost: their names, or `#3` and what is in them. Undefined: some may be, and nobody has read which there are. */
  readonly wipes?: readonly string[]
  /** Forecast of bytes over the lycée's network; undefined: not known here. */
  readonly bytes?: number
  /** For what a person asked for: the request. */
  readonly request?: DiskRequestId
  readonly effect: Effect
}

/** The disk goes back to the version of the image that it has. */
export type ResetChange = {
  readonly facet: 'reset'
  readonly item: 'reset'
  readonly cause: 'requested' | 'nightly'
  /** nightly: the day on whose noon the night began, `2026-10-13`. One reset belongs to each night. */
  readonly night?: string
  /** When it was last made equal to its image, epoch milliseconds; null: not known. */
  readonly from: number | null
  readonly to: string
  readonly image: string
  readonly layout: Digest
  readonly settings: Digest
  readonly request?: DiskRequestId
  readonly effect: Effect
}

/** Not wanted for itself: what the other changes need first (`wake`), or what they ask for afterwards (`reboot`). */
export type PowerChange = {
  readonly facet: 'power'
  readonly item: 'wake' | 'reboot'
  readonly from: 'off' | 'up'
  readonly to: 'up' | 'rebooted'
  readonly effect: Effect
}
