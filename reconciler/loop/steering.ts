/** What is known of a rollout, put together again from what the store keeps: for the loop that leads it, and for whoever asks how it stands. */
import { changesContent } from '../../specs/composite.ts'
import type { Desired } from '../../specs/desired.ts'
import type { Digest, MachineId, Revision } from '../model/ids.ts'
import type { Attempt, Rollout, Steering } from '../model/rollout.ts'
import { addTry, isOlder } from '../rollout-standing.ts'
import { wavesOfChanged } from '../rollout-start.ts'
import type { Store } from '../store/store.ts'

/** A desired state and the name by which people know it. */
export type Named = { readonly revision: Revision; readonly desired: Desired }

/** What a digest in the store stands for. */
type Contents = (digest: Digest, revision: Revision) => Promise<Desired>

/**
 * A PC that a rollout before this one has reached, and that the new commit leaves as it is, takes part all the same: what it has
 * was not shown to be good yet, and the canary must not be passed over because it has the bad commit already.
 */
export const isChangedFrom =
  (before: readonly (Desired | undefined)[], next: Desired) =>
  (id: MachineId): boolean => {
    const machine = next.machines.get(id)
    return machine !== undefined && before.some((one) => changesContent(one?.machines.get(id), machine))
  }

/** What was tried of one rollout, as far as it was read. */
export type TryLog = {
  readonly of: Rollout['id']
  readonly attempts: Map<MachineId, Attempt>
  /** The number in the store up to which it was read. */
  seq: number
}

export const emptyLog = ({ id }: Rollout): TryLog => ({ of: id, attempts: new Map(), seq: 0 })

/** Only what changed since: a region's rollout has tens of thousands of actions. Returns of whom. */
export const readTries = async (
  store: Pick<Store, 'attempts'>,
  { rollout, waveOf }: Steering,
  log: TryLog,
): Promise<readonly MachineId[]> => {
  const machines: MachineId[] = []
  for (const row of await store.attempts(rollout.fence, log.seq)) {
    log.seq = row.seq
    const fence = rollout.waves[waveOf.get(row.machine) ?? -1]?.fence
    // Under an older fence than its wave's it was for what the machine had before.
    if (fence === undefined || isOlder(row.fence, fence)) continue
    addTry(log.attempts, row)
    machines.push(row.machine)
  }
  return machines
}

export const readNamed = async (of: Rollout['base'], contents: Contents): Promise<Named | undefined> =>
  of === null ? undefined : { revision: of.revision, desired: await contents(of.desired, of.revision) }

/** Everything but what was tried. */
export const readSteering = async (rollout: Rollout, contents: Contents): Promise<Steering> => {
  const next = await contents(rollout.next, rollout.revision)
  const base = (await readNamed(rollout.base, contents))?.desired
  const proven = (await readNamed(rollout.proven, contents))?.desired
  const waveOf = wavesOfChanged(rollout.policy, next, isChangedFrom([base, proven], next))
  return { rollout, next, base, waveOf, attempts: new Map() }
}
