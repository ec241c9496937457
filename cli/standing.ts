import type { Durations } from '../reconciler/model/duration.ts'
import type { MachineId } from '../reconciler/model/ids.ts'
import type { Observed } from '../reconciler/model/observed.ts'
import type {
  Decision,
  DiskRequest,
  History,
  KnownImage,
  Pause,
  Plan,
  Target,
} from '../reconciler/model/plan.ts'
import type { Steering } from '../reconciler/model/rollout.ts'
import { durationsOf } from '../reconciler/pace.ts'
import { plan } from '../reconciler/plan.ts'
import type { Store } from '../reconciler/store/store.ts'
import type { Desired } from '../specs/desired.ts'
import { say } from '../specs/text.ts'
import type { Sound } from './desired.ts'

/** What the store remembers of the machines. */
export type Memory = {
  readonly target?: Target
  readonly inventory: ReadonlyMap<MachineId, Observed>
  readonly history: ReadonlyMap<MachineId, History>
  readonly pauses: readonly Pause[]
  readonly requests: readonly DiskRequest[]
  readonly durations: Durations
}

/** A park of which nothing is known yet. */
export const noMemory: Memory = {
  inventory: new Map(),
  history: new Map(),
  pauses: [],
  requests: [],
  durations: new Map(),
}

/** @param site only of this lycée's machines. */
export const remember = async (store: Store, now: number, site?: string): Promise<Memory> => {
  const [target, inventory, history, pauses, requests, counts] = await Promise.all([
    store.target(),
    store.inventory(site),
    store.history(site),
    store.pauses(now),
    store.diskRequests(),
    store.durations(),
  ])
  const durations = durationsOf(counts)
  return { ...(target ? { target } : {}), inventory, history, pauses, requests, durations }
}

/** The target that a revision would be if it were taken now. */
export const targetOf = (
  { revision, desired }: Pick<Sound, 'revision' | 'desired'>,
  current: Target | undefined,
  now: number,
): Target => ({
  fence: { epoch: current?.fence.epoch ?? 1, generation: (current?.fence.generation ?? 0) + 1 },
  parent: current?.fence ?? null,
  revision,
  desired: desired.digest,
  at: now,
})

/**
 * The decisions as they stand, for a reader. However long ago a machine was seen, what is known of it is what is shown; one
 * that was never seen, which to the loop is only one to be looked at, is told to be unknown.
 */
export const standing = (
  desired: Desired,
  target: Target,
  memory: Memory,
  now: number,
  images: ReadonlyMap<string, KnownImage> = new Map(),
  /** Of the rollout under way, where `desired` is what it makes of two revisions. */
  steering?: Steering,
): Plan => {
  const { inventory, history, pauses, requests, durations } = memory
  const decided = plan({
    desired,
    target,
    ...(steering === undefined ? {} : { steering }),
    inventory,
    history,
    pauses,
    requests,
    durations,
    images,
    freshMs: Number.POSITIVE_INFINITY,
    now,
  })
  const decisions = new Map<MachineId, Decision>()
  for (const [id, decision] of decided.decisions) {
    decisions.set(id, inventory.has(id) || decision.kind === 'unknown' ? decision : neverSeen)
  }
  return { ...decided, decisions }
}

const neverSeen: Decision = {
  kind: 'unknown',
  reason: {
    code: 'never-seen',
    message: say(
      'Never seen yet: what it needs will be known once proviseur up has observed it.',
      'Jamais observé\u00a0: ce qu’il lui faut sera connu quand proviseur up l’aura observé.',
    ),
  },
}
