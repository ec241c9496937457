import type { Desired } from '../../specs/desired.ts'
import type { Change } from './change.ts'
import type { Durations } from './duration.ts'
import type {
  ActionId,
  ChangeKey,
  Digest,
  DiskRequestId,
  Instant,
  MachineId,
  PlanId,
  Revision,
} from './ids.ts'
import type { Observed } from './observed.ts'
import type { Reason } from './reason.ts'
import type { Steering } from './rollout.ts'

/** Orders targets: a higher epoch, or the same epoch and a higher generation, is newer. The epoch rises when a hub is restored from a backup. */
export type Fence = { readonly epoch: number; readonly generation: number }

/** Which revision machines may have: the current answer. `parent` is the generation it was made from, for compare-and-set. */
export type Target = {
  readonly fence: Fence
  readonly parent: Fence | null
  readonly revision: Revision
  /** Of the compiled desired state. */
  readonly desired: Digest
  readonly at: Instant
}

/** What must still be true on the PC when the action starts; else nothing is done and it is looked at again. */
export type Precondition = {
  /** Installed version of each touched package, by the package manager's name; null: not installed. */
  readonly packages: Readonly<Record<string, string | null>>
  /** Nobody was at work on the PC, and nobody may be: a session opened since the last look is not to be disturbed. */
  readonly unoccupied?: true
}

export type Action = {
  readonly id: ActionId
  readonly machine: MachineId
  readonly changes: readonly Change[]
  readonly fence: Fence
  /** The target's desired digest: the fence with other content is refused by the receiver. */
  readonly content: Digest
  readonly expect: Precondition
  /** Past this it must not start, and what runs is stopped. */
  readonly deadline: Instant
  /** Tell whoever is logged in, and wait this long before the first change. */
  readonly warnMs?: number
}

export type GateName =
  | 'suspended'
  | 'fresh'
  | 'in-flight'
  | 'window'
  | 'occupied'
  | 'wave'
  | 'budget'
  | 'capacity'
  | 'backoff'
  | 'image'
  | 'power'

export type Decision =
  /** As wanted; `reported` are differences that the drift policy only reports, `lastSeen` tells that an off machine was so when last read. */
  | { readonly kind: 'converged'; readonly reported: readonly Change[]; readonly lastSeen?: Instant }
  | {
      readonly kind: 'act'
      readonly action: Action
      /** Expected, until the PC is as wanted: of one that is woken first, with what follows. */
      readonly takesMs: number
    }
  | {
      readonly kind: 'held'
      readonly by: GateName
      readonly reason: Reason
      /** When this gate may open by itself. */
      readonly until?: Instant
      readonly changes: readonly Change[]
    }
  | { readonly kind: 'unknown'; readonly reason: Reason }
  /** Needs a person (or a new commit): what failed, and what the PC said. */
  | {
      readonly kind: 'stalled'
      readonly reason: Reason
      readonly changes: readonly Change[]
      readonly until?: Instant
    }

export type Plan = {
  /** Hash of target and decisions: equal plans have equal ids. */
  readonly id: PlanId
  readonly target: Target
  readonly at: Instant
  /** In the order of machine ids. Exactly one decision for each managed machine. */
  readonly decisions: ReadonlyMap<MachineId, Decision>
  /** Seen, but no longer in the spec: left alone. */
  readonly unmanaged: readonly MachineId[]
}

export type Scope =
  | { readonly kind: 'park' }
  | { readonly kind: 'lycee' | 'room' | 'machine'; readonly id: string }

export type Pause = {
  readonly scope: Scope
  readonly who: string
  readonly why: string
  readonly at: Instant
  readonly until?: Instant
}

/** What went wrong with one change of one machine so far. Cleared by success; a spec change makes another key. */
export type Backoff = {
  readonly key: ChangeKey
  readonly attempts: number
  readonly class: FailureClass
  readonly notBefore: Instant
  readonly reason: Reason
}

/** `wait`: nobody's fault, look again (off, apt locked). `retry`: may pass by itself. `terminal`: only a person or a commit helps. */
export type FailureClass = 'wait' | 'retry' | 'terminal'

/** What the store remembers of a machine besides its observation. */
export type History = {
  /** Started and not known to have ended. */
  readonly inFlight?: {
    readonly action: ActionId
    readonly owner: string
    readonly since: Instant
    /** What it makes, and so what it uses of the lycée's capacity. Undefined: not known here. */
    readonly changes?: readonly Change[]
  }
  /** The facet digest that was last applied, or first seen to be in place: differences from it are drift. */
  readonly applied: Readonly<Record<string, Digest>>
  readonly backoffs: readonly Backoff[]
}

/** Somebody asked for it: at the command line, on the reset page, at the PC's boot menu. */
export type DiskRequest = {
  readonly id: DiskRequestId
  readonly machine: MachineId
  readonly kind: 'reset' | 'verify' | 'capture'
  /** capture: the `name@version` to be made. */
  readonly image?: string
  readonly who: string
  readonly at: Instant
}

/** What this process knows of an image version, for forecasts. */
export type KnownImage = {
  readonly usedBytes: number
  readonly storedBytes: number
  /** Bytes to fetch for a PC that has the other version, by its manifest. */
  readonly deltaBytes: (from: string) => number | undefined
}

export type PlanInput = {
  /** A rollout under way: `desired` is then the composite that it makes of two revisions. */
  readonly steering?: Steering
  /** Open requests, oldest first. */
  readonly requests?: readonly DiskRequest[]
  /** By manifest digest; missing: nothing is forecast. */
  readonly images?: ReadonlyMap<string, KnownImage>
  /** Image versions, by manifest digest, that are not (yet) complete at the site server, and why: nothing is written from them. */
  readonly awaited?: ReadonlyMap<string, Reason>
  /** Measured durations; missing: what is assumed of old hardware. */
  readonly durations?: Durations
  readonly desired: Desired
  readonly target: Target
  readonly inventory: ReadonlyMap<MachineId, Observed>
  readonly history: ReadonlyMap<MachineId, History>
  /** All machines on which something goes on, where that is known; missing: all are looked through. */
  readonly busy?: ReadonlySet<MachineId>
  readonly pauses: readonly Pause[]
  /** An observation older than this decides nothing. */
  readonly freshMs: number
  readonly now: Instant
}
