/** What is known of a rollout, put together again from what the store keeps: for the loop that leads it, and for whoever asks how it stands. */
import { changesContent } from '../../specs/composite.ts'
import type { Desired } from '../../specs/desired.ts'
import type { Digest, MachineId, Revision } from '../model/ids.ts'
import type { Attempt, Rollout, Steering } from '../model/rollout.ts'
import { addTry, isOlder } from '../rollout-standing.ts'
import { wavesOfChanged } from '../rollout-start.ts'
import type { Store } from '../store/store.ts'

/** Everything but what was tried. */
export const steeringOf = (rollout: Rollout, base: Desired | undefined, next: Desired): Steering => ({
  rollout,
  next,
  base,
  waveOf: wavesOfChanged(rollout.policy, next, isChangedFrom(base, next)),
  attempts: new Map(),
})

export const isChangedFrom =
  (base: Desired | undefined, next: Desired) =>
  (id: MachineId): boolean => {
    const machine = next.machines.get(id)
    return machine !== undefined && changesContent(base?.machines.get(id), machine)
  }

/** What was tried of one rollout, as far as it was read. */
export type TryLog = {
  readonly of: Rollout['id']
  readonly attempts: Map<MachineId, Attempt>
  /** The number in the store up to which it was read. */
  seq: number
}

export const emptyLog = ({ id }: Rollout): TryLog => ({ of: id, attempts: new Map(), seq: 0 })

/** Only what changed since: a region's rollout has tens of thousands of actions. */
export const readTries = async (
  store: Pick<Store, 'attempts'>,
  { rollout, waveOf }: Steering,
  log: TryLog,
): Promise<void> => {
  for (const row of await store.attempts(rollout.fence, log.seq)) {
    log.seq = row.seq
    const fence = rollout.waves[waveOf.get(row.machine) ?? -1]?.fence
    // Under an older fence than its wave's it was for what the machine had before.
    if (fence !== undefined && !isOlder(row.fence, fence)) addTry(log.attempts, row)
  }
}

/** @param contents what a digest in the store stands for */
export const readSteering = async (
  rollout: Rollout,
  contents: (digest: Digest, revision: Revision) => Promise<Desired>,
): Promise<Steering> => {
  const { base, next, revision } = rollout
  const wanted = await contents(next, revision)
  const before = base === null ? undefined : await contents(base.desired, base.revision)
  return steeringOf(rollout, before, wanted)
}
