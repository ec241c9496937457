/** The way of an order to the rollout under way: into the store, where a running `up` takes it up. */
import { randomUUID } from 'node:crypto'
import type { Instant, RolloutOrderId } from '../reconciler/model/ids.ts'
import type { Reason } from '../reconciler/model/reason.ts'
import type { Rollout, RolloutOrder } from '../reconciler/model/rollout.ts'
import { refusalOf } from '../reconciler/rollout-orders.ts'
import type { Store } from '../reconciler/store/store.ts'
import { say } from '../specs/text.ts'
import type { Run } from './catalogue/entry.ts'
import type { Context } from './context.ts'
import { type ExitCode, exitCode } from './exit.ts'
import type { Given } from './given.ts'
import { abbreviate } from './output/revision.ts'
import { printOrder } from './output/rollout-order.ts'
import { noRollout, rolloutOver, whyMissing } from './output/rollout-refusals.ts'
import { mayLive } from './owner.ts'
import { ok, type Result } from './result.ts'
import { withStoreInUse } from './store-in-use.ts'

/** A running `up` says more often than this that it is alive. */
const seenWithinMs = 30_000
/** A running `up` looks for orders every second, but on a busy server, or amid a large plan, one turn may take long. */
const patienceMs = { alive: 30_000, unseen: 3_000 }
const lookEveryMs = 100

/** In a large park much is told in a moment; the word on an order is among so many of the newest events. */
const searchedEvents = 2000

/** What came of it. */
export type Answer =
  | { readonly kind: 'taken-up'; readonly rollout: Rollout }
  | { readonly kind: 'refused'; readonly reason: Reason }
  /** Nobody took it up in time. */
  | { readonly kind: 'waiting' }

/** The commands that step in differ in their kind only. */
export const orders =
  (kind: RolloutOrder['kind']): Run =>
  async (context, given) => {
    const why = given.value('why')?.trim()
    if (!why && kind !== 'approve') return context.fail(whyMissing(kind), exitCode.usage)
    return withStoreInUse(context, given, (store) => give(context, store, kind, given, why))
  }

const give = async (
  context: Context,
  store: Store,
  kind: RolloutOrder['kind'],
  given: Given,
  why: string | undefined,
): Promise<ExitCode> => {
  const sensible = await readSensible(store, kind)
  if (!sensible.ok) return context.fail(sensible.reason)
  const rollout = sensible.value
  const order: RolloutOrder = {
    id: randomUUID() as string as RolloutOrderId,
    rollout: rollout.id,
    kind,
    who: given.value('who') ?? context.who,
    ...(why ? { why } : {}),
    at: context.clock.now(),
  }
  await put(store, rollout, order)
  const answer = await answerTo(context, store, order)
  if (answer.kind === 'refused') return context.fail(answer.reason)
  printOrder(context, order, rollout, answer)
  return exitCode.done
}

/** The rollout under way, if the order makes sense of it as it is now. */
const readSensible = async (store: Store, kind: RolloutOrder['kind']): Promise<Result<Rollout>> => {
  const [rollout] = await store.rollouts(1)
  if (rollout === undefined) return { ok: false, reason: noRollout }
  const refused = refusalOf(rollout, kind)
  if (refused === undefined) return ok(rollout)
  return { ok: false, reason: refused.code === 'rollout-over' ? rolloutOver(rollout) : refused }
}

const put = (store: Store, { revision }: Rollout, order: RolloutOrder): Promise<void> => {
  const { id, kind, who, why, at } = order
  const name = abbreviate(revision)
  const tail = why === undefined ? say('', '') : say(`: ${why}`, `\u00a0: ${why}`)
  return store.addRolloutOrder(order, {
    at,
    kind: 'rollout-ordered',
    revision,
    actor: who,
    message: say(`${words[kind].en} ${name}${tail.en}`, `${words[kind].fr} ${name}${tail.fr}`),
    data: { id, order: kind, rollout: order.rollout, ...(why === undefined ? {} : { why }) },
  })
}

const words = {
  pause: say('Asked to pause the rollout of', 'Suspension demandée du déploiement de'),
  resume: say('Asked to resume the rollout of', 'Reprise demandée du déploiement de'),
  approve: say('Approved the next wave of', 'Vague suivante approuvée pour'),
  abort: say('Asked to abort the rollout of', 'Arrêt demandé du déploiement de'),
  rollback: say('Asked to roll back', 'Retour en arrière demandé pour'),
} as const

const answerTo = async ({ clock }: Context, store: Store, order: RolloutOrder): Promise<Answer> => {
  const { signal } = new AbortController()
  const until = clock.now() + ((await isUpAlive(store, clock.now())) ? patienceMs.alive : patienceMs.unseen)
  while ((await store.rolloutOrders()).some(({ id }) => id === order.id)) {
    if (clock.now() >= until) return { kind: 'waiting' }
    await clock.sleep(lookEveryMs, signal)
  }
  const refused = await refusedBy(store, order)
  if (refused !== undefined) return { kind: 'refused', reason: refused }
  const rollout = (await store.rollouts(searchedRollouts)).find(({ id }) => id === order.rollout)
  if (rollout === undefined) throw new Error(`the store lost the rollout ${order.rollout}`)
  return { kind: 'taken-up', rollout }
}

const isUpAlive = async (store: Store, now: Instant): Promise<boolean> =>
  (await store.ownersSince(now - seenWithinMs)).some(mayLive)

/** One that takes back another is newer than it, and so may be what came after. */
const searchedRollouts = 10

/** Between giving the order and its being taken up, the rollout may have come to another state. */
const refusedBy = async (store: Store, order: RolloutOrder): Promise<Reason | undefined> => {
  const refusal = (await store.events({ limit: searchedEvents })).findLast(
    ({ kind, data }) => kind === 'rollout-order-refused' && fieldOf(data, 'id') === order.id,
  )
  const code = refusal && fieldOf(refusal.data, 'code')
  return refusal && typeof code === 'string' ? { code, message: refusal.message } : undefined
}

const fieldOf = (data: unknown, name: string): unknown =>
  typeof data === 'object' && data !== null
    ? Object.entries(data).find(([key]) => key === name)?.[1]
    : undefined
