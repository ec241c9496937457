import type { Event } from '../reconciler/model/event.ts'
import type { Plan } from '../reconciler/model/plan.ts'
import { isOpen } from '../reconciler/rollout.ts'
import type { Store } from '../reconciler/store/store.ts'
import type { Desired } from '../specs/desired.ts'
import type { Context } from './context.ts'
import { readPark } from './desired.ts'
import { newestWord } from './newest-revision.ts'
import type { Place } from './place.ts'
import { ok, type Result } from './result.ts'
import { type RolloutNow, readRollout } from './rollout-now.ts'
import { type Memory, noMemory, remember, standing, targetOf } from './standing.ts'
import { openStoreIfThere } from './state.ts'

/** The park as it stands at this moment. */
export type Present = {
  readonly desired: Desired
  readonly plan: Plan
  readonly memory: Memory
  /** False before the first `up`: then all is read from the park's files. */
  readonly started: boolean
  /** Under way, or ended where it was: then machines have different revisions until the next commit. */
  readonly rollout?: RolloutNow
  /** The newest revision of the park, if machines do not follow it: it is broken, or held for approval. */
  readonly waiting?: Event
}

/** Read only: neither store nor files are made or changed. */
export const readPresent = async (context: Context, place: Place): Promise<Result<Present>> => {
  const store = await openStoreIfThere(place)
  if (store === undefined) return fromFiles(context, place, noMemory)
  try {
    const memory = await remember(store, context.clock.now())
    const present = (await fromTarget(context, store, memory)) ?? (await fromFiles(context, place, memory))
    const word = await newestWord(store)
    if (!present.ok || word === undefined || word.kind === 'target-moved') return present
    return ok({ ...present.value, waiting: word })
  } finally {
    await store.close()
  }
}

const fromTarget = async (
  context: Context,
  store: Store,
  memory: Memory,
): Promise<Result<Present> | undefined> => {
  const kept = memory.target && (await store.getRevision(memory.target.desired))
  if (memory.target === undefined || kept === undefined) return undefined
  const { deserialize } = await import('../specs/serialize.ts')
  const desired = deserialize(kept.bytes)
  const now = context.clock.now()
  const [newest] = await store.rollouts(1)
  const isTold = newest !== undefined && (isOpen(newest) || newest.phase.kind === 'aborted')
  const rollout = isTold ? await readRollout(store, newest, memory.inventory, now, [desired]) : undefined
  const steering = newest && isOpen(newest) ? rollout?.steering : undefined
  const plan = standing(desired, memory.target, memory, now, undefined, steering)
  return ok({ desired, plan, memory, started: true, ...(rollout === undefined ? {} : { rollout }) })
}

const fromFiles = async (context: Context, place: Place, memory: Memory): Promise<Result<Present>> => {
  const read = await readPark(context, place, undefined)
  if (!read.ok) return read
  const now = context.clock.now()
  const { desired } = read.value
  const plan = standing(desired, targetOf(read.value, memory.target, now), memory, now)
  return ok({ desired, plan, memory, started: false })
}
