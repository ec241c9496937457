import type { Instant, MachineId, Revision } from './ids.ts'
import type { Text } from './reason.ts'

/** One line of the audit log: append-only, never changed. */
export type Event = {
  readonly seq: number
  readonly at: Instant
  readonly kind: EventKind
  readonly machine?: MachineId
  readonly revision?: Revision
  /** Who or what caused it: a technician's login, `loop`, a commit's author. */
  readonly actor: string
  readonly message: Text
  /** Details for machines; JSON. */
  readonly data?: unknown
}

export type EventKind =
  | 'target-moved'
  | 'revision-refused'
  | 'revision-held'
  | 'revision-approved'
  | 'decided'
  | 'action-started'
  | 'action-ended'
  | 'observed'
  | 'paused'
  | 'resumed'
  | 'woken'
  /** Somebody had a machine's failures forgotten. */
  | 'retried'
  | 'host-key-pinned'
  | 'host-key-refused'
  | 'unmanaged'
  | 'reset-requested'
  | 'verify-requested'
  | 'capture-requested'
  /** A PC that is in no spec started from the network. */
  | 'discovered'
  /** A disk was compared with its image. */
  | 'disk-verified'
  /** A disk was read into a new image version. */
  | 'image-captured'
  | 'rollout-started'
  | 'rollout-ordered'
  /** What was ordered cannot be done. */
  | 'rollout-order-refused'
  | 'wave-opened'
  | 'wave-passed'
  | 'wave-awaits-approval'
  | 'rollout-paused'
  | 'rollout-resumed'
  /** Too much failed in one lycée, which is held by itself. */
  | 'lycee-held'
  | 'rollout-ended'
  /** What somebody asked for is settled without an action of ours, or cannot be done. */
  | 'request-closed'
