/**
 * The state that survives the process. One implementation (Kysely) on SQLite and PostgreSQL; every method is atomic, and
 * tests/conformance runs each on both. What happens at most once rests on the compare-and-set methods here
 * (`advanceTarget`, `claimActions`) and on the PC's own record of actions, never on a lease.
 */

import type { PaceCount, PaceSample } from '../model/duration.ts'
import type { Event } from '../model/event.ts'
import type {
  ActionId,
  Digest,
  DiskRequestId,
  Instant,
  MachineId,
  Revision,
  RolloutOrderId,
} from '../model/ids.ts'
import type { Observed } from '../model/observed.ts'
import type { Outcome } from '../model/outcome.ts'
import type {
  Action,
  Backoff,
  Decision,
  DiskRequest,
  Fence,
  History,
  Pause,
  Plan,
  Scope,
  Target,
} from '../model/plan.ts'
import type { Rollout, RolloutOrder } from '../model/rollout.ts'

export type NewEvent = Omit<Event, 'seq'>

/** An action that was claimed and has no outcome yet. */
export type OpenAction = {
  readonly action: Action
  readonly owner: string
  readonly ownerSeenAt: Instant
  readonly since: Instant
}

/** What an unknown PC told of itself; `hello` is imaging/protocol.ts's Hello as JSON. */
export type Discovered = { readonly mac: string; readonly seenAt: Instant; readonly hello: string }

export interface Store {
  /** Brings the schema up to date; refuses a store written by a newer version. */
  migrate(): Promise<void>
  close(): Promise<void>

  /** Keeps a compiled revision's canonical bytes, so that a restart needs neither the folder nor a valid commit. */
  putRevision(revision: Revision, digest: Digest, bytes: string, at: Instant): Promise<void>
  getRevision(digest: Digest): Promise<{ revision: Revision; bytes: string } | undefined>

  target(): Promise<Target | undefined>
  /** Compare-and-set, with its events: only if the current target's fence is `next.parent` (null: there is none). False: somebody was faster. */
  advanceTarget(next: Target, events?: readonly NewEvent[], move?: RolloutMove): Promise<boolean>

  /** The newest first; at most `limit`. */
  rollouts(limit: number): Promise<readonly Rollout[]>
  /** What moves no machine: compare-and-set like `advanceTarget`, only if the target still has this fence. */
  moveRollout(move: RolloutMove, fence: Fence, events: readonly NewEvent[]): Promise<boolean>
  addRolloutOrder(order: RolloutOrder, event: NewEvent): Promise<void>
  /** Those that nobody has taken up yet, oldest first. */
  rolloutOrders(): Promise<readonly RolloutOrder[]>
  /** Actions that do more than wake, of `since` or a newer fence, in the order in which they were claimed or ended last; those after the number `after`. */
  attempts(since: Fence, after: number): Promise<readonly AttemptRow[]>

  putObserved(observed: readonly Observed[]): Promise<void>
  /** Of all machines, or of one site's (`<site>/…`). Equal package sets are one object. */
  inventory(site?: string): Promise<ReadonlyMap<MachineId, Observed>>
  observed(machine: MachineId): Promise<Observed | undefined>
  history(site?: string): Promise<ReadonlyMap<MachineId, History>>
  /** Of one machine; undefined: nothing is remembered of it. */
  historyOf(machine: MachineId): Promise<History | undefined>
  /** Of these; missing: nothing is remembered of it. */
  histories(machines: readonly MachineId[]): Promise<ReadonlyMap<MachineId, History>>
  /**
   * What was observed and is remembered of machines since an earlier call, by whichever process; without `since` all of it. Of
   * one instant: what is missing here comes with the next call.
   */
  changes(since?: number): Promise<Changes>
  /** Forgets a machine's observation and history (it left the park); its events stay. */
  forget(machine: MachineId): Promise<void>

  /**
   * Registers actions as started by `owner`, and answers for each as if it had been alone. Exactly one caller gets `claimed`;
   * another live owner: `taken`; the action has an outcome already: `ended`; another action of this machine is open: `busy`; the
   * target moved on past the action's fence: `outdated`. A claim whose owner was not seen for `staleMs` passes to the caller
   * (`claimed`), who joins the run on the PC; so does the caller's own.
   */
  claimActions(
    claims: readonly NewClaim[],
    owner: string,
    now: Instant,
    staleMs: number,
  ): Promise<ReadonlyMap<ActionId, Claim>>
  /** Says when this owner was last alive; an owner that leaves says 0, and its open actions are free at once. */
  touchOwner(owner: string, now: Instant): Promise<void>
  /** Owners that were alive after `since` and have not left, in the order of their names. */
  ownersSince(since: Instant): Promise<readonly string[]>
  openActions(): Promise<readonly OpenAction[]>
  /**
   * Records how actions ended, what is now applied (facet digests), the new backoffs (replacing those of the same keys; `clear`
   * drops keys), the requests that are served, and how long it took, in one transaction with the events. Returns those that had
   * not ended already.
   */
  endActions(ended: readonly EndedAction[]): Promise<ReadonlySet<ActionId>>
  /** How long work took, of all lycées and models; what is old counts less. */
  durations(): Promise<readonly PaceCount[]>
  /** What looks at machines brought to light: facets found to be applied, and backoffs (their keys) that are needed no longer. */
  remember(looks: readonly Remembered[]): Promise<void>
  /** Makes stalled and backing-off changes of a machine eligible at once. */
  clearBackoffs(machine: MachineId): Promise<void>

  setPause(pause: Pause): Promise<void>
  /** True if there was one. */
  clearPause(scope: Scope): Promise<boolean>
  pauses(now: Instant): Promise<readonly Pause[]>

  /** Host keys pinned for a machine, `SHA256:<base64>`. */
  hostKey(machine: MachineId): Promise<string | undefined>
  pinHostKey(machine: MachineId, fingerprint: string): Promise<void>

  /** Somebody asks for a reset, a verification or a capture, with its event. An open request of the same kind and machine stays the only one (false). */
  addDiskRequest(request: DiskRequest, event: NewEvent): Promise<boolean>
  /** Those that no action has carried out yet, oldest first. */
  diskRequests(): Promise<readonly DiskRequest[]>
  /** Carried out, failed for good, or withdrawn. */
  closeDiskRequest(id: DiskRequestId, at: Instant): Promise<void>

  /** A PC that started from the network and is in no spec. Keeps when it was first and last seen. */
  putDiscovered(pc: Discovered): Promise<void>
  /** Newest first. */
  discovered(): Promise<readonly (Discovered & { readonly firstSeenAt: Instant })[]>

  /** Keeps the newest plan, whole. */
  putPlan(plan: Plan): Promise<void>
  /** Of a newer plan what differs from the one that is kept, and what names it. */
  putDecisions(head: PlanHead, decisions: ReadonlyMap<MachineId, Decision>): Promise<void>
  latestPlan(): Promise<Plan | undefined>

  append(events: readonly NewEvent[]): Promise<void>
  /** In order of `seq`; newest last. */
  events(query: {
    readonly after?: number
    readonly machine?: MachineId
    readonly limit: number
  }): Promise<readonly Event[]>

  /** True while `holder` has the named lease; takes it if free or expired. Advisory: avoids double work, guarantees nothing. */
  lease(name: string, holder: string, now: Instant, ttlMs: number): Promise<boolean>

  /** Drops what nothing refers to any more: package sets, revisions but the newest few, actions that ended long ago. Old measurements of durations fade. */
  collectGarbage(now: Instant): Promise<void>
}

export type PlanHead = Omit<Plan, 'decisions'>

export type Changes = {
  /** To be given at the next call. */
  readonly upTo: number
  /** Undefined: it was forgotten. */
  readonly observed: ReadonlyMap<MachineId, Observed | undefined>
  /** Undefined: nothing is remembered of it any more. */
  readonly history: ReadonlyMap<MachineId, History | undefined>
}

/** What changes in one go: rollouts as they are from now on, and the orders that this serves. */
export type RolloutMove = {
  readonly rollouts: readonly Rollout[]
  readonly served: readonly RolloutOrderId[]
}

export type AttemptRow = {
  readonly action: ActionId
  readonly machine: MachineId
  readonly fence: Fence
  readonly since: Instant
  /** Undefined: it is under way. */
  readonly endedAt?: Instant
  /** `complete`, `wrong-precondition`, `refused`, or the class of its failure. */
  readonly result?: string
  readonly code?: string
  readonly seq: number
}

export type Remembered = {
  readonly machine: MachineId
  readonly applied: Readonly<Record<string, Digest>>
  readonly clear: readonly string[]
}

export type Claim = 'claimed' | 'taken' | 'ended' | 'busy' | 'outdated'

export type NewClaim = {
  readonly action: Action
  /** The instant of the observation that it was decided from: if another action of the machine ended since, it is `outdated` too. */
  readonly decidedFrom?: Instant
  /** Recorded with the first claim only. */
  readonly events?: readonly NewEvent[]
}

export type EndedAction = {
  readonly id: ActionId
  readonly machine: MachineId
  readonly owner: string
  /** When the owner learnt of it, by the owner's clock. */
  readonly at: Instant
  readonly outcome: Outcome
  readonly applied: Readonly<Record<string, Digest>>
  readonly backoffs: readonly Backoff[]
  readonly clear: readonly string[]
  /** What somebody asked for and need not wait for any longer. */
  readonly requests?: readonly DiskRequestId[]
  readonly durations?: readonly PaceSample[]
  readonly events: readonly NewEvent[]
  readonly fence: Fence
}
