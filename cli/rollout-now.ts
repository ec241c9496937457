import { emptyLog, readSteering, readTries } from '../reconciler/loop/steering.ts'
import type { Digest, MachineId } from '../reconciler/model/ids.ts'
import type { Observed } from '../reconciler/model/observed.ts'
import type { Rollout, Steering } from '../reconciler/model/rollout.ts'
import type { Evidence } from '../reconciler/rollout-standing.ts'
import { isOlder } from '../reconciler/rollout-standing.ts'
import { type RolloutTally, tallyRollout } from '../reconciler/rollout-tally.ts'
import type { Store } from '../reconciler/store/store.ts'
import type { Desired } from '../specs/desired.ts'

/** A rollout as it stands, from what the store keeps of it: what `up` decides by, whether one runs or not. */
export type RolloutNow = {
  readonly steering: Steering
  readonly evidence: Evidence
  readonly tally: RolloutTally
}

/** @param known what was read of the store before, so that it need not be read twice */
export const readRollout = async (
  store: Store,
  rollout: Rollout,
  inventory: ReadonlyMap<MachineId, Observed>,
  now: number,
  known: readonly Desired[] = [],
): Promise<RolloutNow> => {
  const log = emptyLog(rollout)
  const steering = { ...(await readSteering(rollout, contentsFrom(store, known))), attempts: log.attempts }
  await readTries(store, steering, log)
  const plan = await store.latestPlan()
  // What was decided before it began says nothing of it.
  const isOfIt = plan !== undefined && !isOlder(plan.target.fence, rollout.fence)
  const evidence = { decisions: isOfIt ? plan.decisions : new Map(), inventory }
  return { steering, evidence, tally: tallyRollout(steering, evidence, now) }
}

const contentsFrom =
  (store: Store, known: readonly Desired[]) =>
  async (digest: Digest): Promise<Desired> => {
    const held = known.find((one) => one.digest === digest)
    if (held !== undefined) return held
    const kept = await store.getRevision(digest)
    if (kept === undefined)
      throw new Error(`the store does not keep what its newest rollout changes: ${digest}`)
    const { deserialize } = await import('../specs/serialize.ts')
    return deserialize(kept.bytes)
  }
