import type { Digest, Revision } from '../model/ids.ts'
import type { Fence, Target } from '../model/plan.ts'
import { nextActionSeq } from './action-seq.ts'
import type { Database } from './database.ts'
import { append } from './events.ts'
import { putRollouts } from './rollouts.ts'
import type { TargetRow } from './schema.ts'
import type { NewEvent, RolloutMove } from './store.ts'

const onlyRow = 1

export const readTarget = async (db: Database): Promise<Target | undefined> => {
  const row = await db.selectFrom('current_target').selectAll().where('id', '=', onlyRow).executeTakeFirst()
  return row && fromRow(row)
}

/**
 * Takes its turn among the claims of actions, so that each of them belongs either to the old target or to the new one.
 * @param db a transaction.
 */
export const advanceTarget = async (
  db: Database,
  next: Target,
  events: readonly NewEvent[],
  move?: RolloutMove,
): Promise<boolean> => {
  await nextActionSeq(db)
  const moved = next.parent ? await replace(db, next, next.parent) : await insertFirst(db, next)
  if (!moved) return false
  if (move !== undefined) await putRollouts(db, move)
  await append(db, events)
  return true
}

const isTarget = async (db: Database, { epoch, generation }: Fence): Promise<boolean> => {
  const row = await db
    .selectFrom('current_target')
    .select('id')
    .where('epoch', '=', epoch)
    .where('generation', '=', generation)
    .executeTakeFirst()
  return row !== undefined
}

/** @param db a transaction. */
export const moveRollout = async (
  db: Database,
  move: RolloutMove,
  fence: Fence,
  events: readonly NewEvent[],
): Promise<boolean> => {
  if (!(await isTarget(db, fence))) return false
  await putRollouts(db, move)
  await append(db, events)
  return true
}

const insertFirst = async (db: Database, next: Target): Promise<boolean> => {
  const result = await db
    .insertInto('current_target')
    .values(toRow(next))
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}

const replace = async (db: Database, next: Target, parent: Fence): Promise<boolean> => {
  const result = await db
    .updateTable('current_target')
    .set(toRow(next))
    .where('id', '=', onlyRow)
    .where('epoch', '=', parent.epoch)
    .where('generation', '=', parent.generation)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

const toRow = (target: Target): TargetRow => ({
  id: onlyRow,
  epoch: target.fence.epoch,
  generation: target.fence.generation,
  parent_epoch: target.parent?.epoch ?? null,
  parent_generation: target.parent?.generation ?? null,
  revision: target.revision,
  desired: target.desired,
  at: target.at,
})

const fromRow = (row: TargetRow): Target => ({
  fence: { epoch: row.epoch, generation: row.generation },
  parent:
    row.parent_epoch === null || row.parent_generation === null
      ? null
      : { epoch: row.parent_epoch, generation: row.parent_generation },
  revision: row.revision as Revision,
  desired: row.desired as Digest,
  at: row.at,
})
