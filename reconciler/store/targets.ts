import type { Digest, Revision } from '../model/ids.ts'
import type { Fence, Target } from '../model/plan.ts'
import type { Database } from './database.ts'
import { append } from './events.ts'
import type { TargetRow } from './schema.ts'
import type { NewEvent } from './store.ts'

const onlyRow = 1

export const readTarget = async (db: Database): Promise<Target | undefined> => {
  const row = await db.selectFrom('current_target').selectAll().where('id', '=', onlyRow).executeTakeFirst()
  return row && fromRow(row)
}

/** @param db a transaction. */
export const advanceTarget = async (
  db: Database,
  next: Target,
  events: readonly NewEvent[],
): Promise<boolean> => {
  const moved = next.parent ? await replace(db, next, next.parent) : await insertFirst(db, next)
  if (moved) await append(db, events)
  return moved
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
