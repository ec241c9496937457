import type { Desired } from '../../specs/desired.ts'
import type { Digest, Instant, MachineId, Revision, RolloutId, RolloutOrderId, SiteId } from './ids.ts'
import type { Fence } from './plan.ts'
import type { Reason } from './reason.ts'

/** The way of one revision through the park. Only `advance` changes it; people give orders. */
export type Rollout = {
  readonly id: RolloutId
  readonly revision: Revision
  /** Of the desired state that the revision compiles to. */
  readonly next: Digest
  /** What machines keep that are not in an open wave: the desired state before, itself a composite if that was on its way. Null: there was none. */
  readonly base: { readonly revision: Revision; readonly desired: Digest } | null
  /** The newest state of the whole park that came to its end: what differs from it was shown nowhere to its end yet. Null: there is none. */
  readonly proven: { readonly revision: Revision; readonly desired: Digest } | null
  readonly policy: RolloutPolicy
  readonly startedAt: Instant
  /** The target with which it began: what was started under an older one was not started for it. */
  readonly fence: Fence
  /** Goes back to what was before: everybody at once. */
  readonly isRollback: boolean
  readonly phase: RolloutPhase
  /** In the order of the policy's waves, and a last one for whom these leave over. */
  readonly waves: readonly Wave[]
  /** Machines whose failure a person has accepted: they no longer count against it. */
  readonly accepted: readonly MachineId[]
  /** Lycées that are held by themselves because too much failed there, and since when. */
  readonly heldSites: Readonly<Record<SiteId, Instant>>
}

/** The specs' rollout with every default in its place. */
export type RolloutPolicy = {
  readonly waves: readonly WavePolicy[]
  /** A person is asked before those whom these waves leave over. */
  readonly restApproval?: boolean
  /** Shares are 0..1, of machines on which it was tried. */
  readonly successShare: number
  /** Undefined: nothing pauses it. */
  readonly pauseAtFailureShare?: number
  readonly lyceeFailureShare?: number
  readonly deadlineMs: number
  readonly healthMs: number
  readonly rollback: 'never' | 'quiet'
}

export type WavePolicy = {
  readonly lycees?: readonly string[]
  readonly rooms?: readonly string[]
  readonly labels?: readonly string[]
  readonly percent?: number
  readonly soakMs: number
  /** A person is asked before it opens. */
  readonly approval: boolean
}

export type RolloutPhase =
  | { readonly kind: 'running' }
  | {
      readonly kind: 'paused'
      readonly by: 'failures' | 'person'
      readonly who: string
      readonly reason: Reason
      readonly at: Instant
    }
  /** Nothing new is started any more; who was started is known for certain with the next look. */
  | {
      readonly kind: 'closing'
      readonly to: 'aborted' | 'superseded' | 'rolled-back'
      readonly who: string
      readonly why?: string
      readonly at: Instant
    }
  | {
      readonly kind: 'done'
      readonly who: string
      readonly why?: string
      readonly at: Instant
      /** Machines on which nothing had been tried by then, and that were not seen as wanted either; undefined: none. */
      readonly untried?: number
    }
  | {
      readonly kind: 'aborted' | 'superseded' | 'rolled-back'
      readonly who: string
      readonly why?: string
      readonly at: Instant
    }

export type Wave = {
  /** Machines in it that the revision changes. */
  readonly machines: number
  /** A person who lets a rollout go on gives its last wave its time anew. */
  readonly openedAt?: Instant
  /** The target with which it opened: what was started under an older one was not started for it. */
  readonly fence?: Fence
  /** Asked for, and not given yet: since when. */
  readonly awaitsApprovalSince?: Instant
  readonly approvedBy?: string
  /** Since when it is as well as its policy asks; it must stay so for the soak time. */
  readonly metSince?: Instant
  /** Soaked: the next may open. */
  readonly passedAt?: Instant
}

/** What a person wants of the rollout that is under way. */
export type RolloutOrder = {
  readonly id: RolloutOrderId
  readonly rollout: RolloutId
  readonly kind: 'pause' | 'resume' | 'approve' | 'abort' | 'rollback'
  readonly who: string
  readonly why?: string
  readonly at: Instant
}

/** What was tried on a machine since the rollout began: actions that do more than wake it. */
export type Attempt = {
  readonly tries: number
  /** Failures since the last success. */
  readonly failures: number
  readonly firstAt: Instant
  readonly lastAt: Instant
  /** Undefined: it is under way. */
  readonly endedAt?: Instant
  /** Of the last, once it has ended: `complete`, or the class of its failure. */
  readonly result?: string
  readonly code?: string
}

/** Where a machine is on the way; derived from what was decided, seen and tried. */
export type MachineStanding =
  | 'waiting'
  | 'pending'
  | 'attempted'
  | 'succeeded'
  | 'failed'
  | 'unneeded'
  | 'deferred'

/** What planning must know of a rollout under way. */
export type Steering = {
  readonly rollout: Rollout
  readonly next: Desired
  readonly base: Desired | undefined
  /** The wave of each machine that the revision changes. */
  readonly waveOf: ReadonlyMap<MachineId, number>
  readonly attempts: ReadonlyMap<MachineId, Attempt>
}
