import type { Effect } from '../../specs/desired.ts'
import type { Digest, PackageName, ScriptName } from './ids.ts'

export type { DriftPolicy, Effect, Facet } from '../../specs/desired.ts'

/** One difference between what a machine is and what it must be. `unknown` as `from`: it could not be read. */
export type Change = PackageChange | ScriptChange | IdentityChange | PowerChange

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

/** Not wanted for itself: what the other changes need first (`wake`), or what they ask for afterwards (`reboot`). */
export type PowerChange = {
  readonly facet: 'power'
  readonly item: 'wake' | 'reboot'
  readonly from: 'off' | 'up'
  readonly to: 'up' | 'rebooted'
  readonly effect: Effect
}
