/** The beginning of a rollout. */
import type { Desired } from '../specs/desired.ts'
import { hash } from './action.ts'
import type { Instant, MachineId, RolloutId } from './model/ids.ts'
import type { Fence } from './model/plan.ts'
import type { Rollout, RolloutPolicy, Wave } from './model/rollout.ts'
import { assignWaves } from './rollout-waves.ts'

export type Beginning = Pick<Rollout, 'revision' | 'base' | 'proven' | 'isRollback' | 'policy'> & {
  readonly next: Desired
  /** The wave of each machine that the revision changes. */
  readonly waveOf: ReadonlyMap<MachineId, number>
  readonly fence: Fence
  readonly now: Instant
}

export function beginRollout(beginning: Beginning): Rollout {
  const { revision, next, base, proven, policy, isRollback, waveOf, fence, now } = beginning
  const members = new Map<number, number>()
  for (const index of waveOf.values()) members.set(index, (members.get(index) ?? 0) + 1)
  const waves = [...policy.waves, undefined].map((_, index): Wave => ({ machines: members.get(index) ?? 0 }))
  return {
    id: hash([fence.epoch, fence.generation, revision].join(' ')).slice(0, 12) as RolloutId,
    revision,
    next: next.digest,
    base,
    proven,
    policy,
    startedAt: now,
    fence,
    isRollback,
    phase: { kind: 'running' },
    waves,
    accepted: [],
    heldSites: {},
  }
}

/** The waves of the machines that are to be something else than before. */
export function wavesOfChanged(
  policy: RolloutPolicy,
  next: Desired,
  isChanged: (machine: MachineId) => boolean,
): ReadonlyMap<MachineId, number> {
  const all = assignWaves(policy, next.machines)
  const changed = new Map<MachineId, number>()
  for (const id of next.machines.keys()) {
    const wave = all.get(id)
    if (wave !== undefined && isChanged(id)) changed.set(id, wave)
  }
  return changed
}
