/** Rollouts and what people ordered of them. Rows change only together with the target, or while it is the one that was read. */
import type { Instant, RolloutId, RolloutOrderId } from '../model/ids.ts'
import type { Rollout, RolloutOrder } from '../model/rollout.ts'
import type { Database } from './database.ts'
import { append } from './events.ts'
import type { RolloutOrderRow } from './schema.ts'
import type { NewEvent, RolloutMove } from './store.ts'

/** Enough to see a school year's commits; what they point at is kept for the newest only. */
const keptRollouts = 200

export const readRollouts = async (db: Database, limit: number): Promise<readonly Rollout[]> => {
  const rows = await db
    .selectFrom('rollouts')
    .select('body')
    .orderBy('started_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ body }) => JSON.parse(body) as Rollout)
}

/** @param db a transaction. */
export const putRollouts = async (db: Database, { rollouts, served }: RolloutMove): Promise<void> => {
  for (const rollout of rollouts) {
    const { id, revision, next, phase, startedAt } = rollout
    const row = {
      revision,
      base: rollout.base?.desired ?? null,
      proven: rollout.proven?.desired ?? null,
      next,
      started_at: startedAt,
      ended_at: isOpen(rollout) ? null : phase.kind === 'running' ? null : phase.at,
      body: JSON.stringify(rollout),
    }
    await db
      .insertInto('rollouts')
      .values({ id, ...row })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute()
  }
  if (served.length === 0) return
  await db
    .updateTable('rollout_orders')
    .set((update) => ({ served_at: update.ref('at') }))
    .where('id', 'in', served)
    .execute()
}

const isOpen = ({ phase }: Rollout): boolean => ['running', 'paused', 'closing'].includes(phase.kind)

/** @param db a transaction. */
export const addRolloutOrder = async (db: Database, order: RolloutOrder, event: NewEvent): Promise<void> => {
  await db
    .insertInto('rollout_orders')
    .values({ ...order, why: order.why ?? null, served_at: null })
    .execute()
  await append(db, [event])
}

export const readRolloutOrders = async (db: Database): Promise<readonly RolloutOrder[]> => {
  const rows = await db
    .selectFrom('rollout_orders')
    .selectAll()
    .where('served_at', 'is', null)
    .orderBy('at')
    .orderBy('id')
    .execute()
  return rows.map(fromRow)
}

const fromRow = ({ id, rollout, kind, who, why, at }: RolloutOrderRow): RolloutOrder => ({
  id: id as RolloutOrderId,
  rollout: rollout as RolloutId,
  kind: kind as RolloutOrder['kind'],
  who,
  ...(why === null ? {} : { why }),
  at: at as Instant,
})

export const collectRollouts = async (db: Database): Promise<void> => {
  const newest = db.selectFrom('rollouts').select('id').orderBy('started_at', 'desc').limit(keptRollouts)
  await db.deleteFrom('rollouts').where('id', 'not in', newest).where('ended_at', 'is not', null).execute()
  await db
    .deleteFrom('rollout_orders')
    .where('served_at', 'is not', null)
    .where('rollout', 'not in', db.selectFrom('rollouts').select('id'))
    .execute()
}
