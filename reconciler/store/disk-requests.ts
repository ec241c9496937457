import type { DiskRequestId, Instant, MachineId } from '../model/ids.ts'
import type { DiskRequest } from '../model/plan.ts'
import type { Database } from './database.ts'
import { append } from './events.ts'
import type { DiskRequestRow } from './schema.ts'
import type { NewEvent } from './store.ts'

/** How long it is kept what somebody asked for and got; the log has it for ever. */
const closedKeptMs = 90 * 24 * 60 * 60 * 1000

/** @param db a transaction. */
export const addDiskRequest = async (
  db: Database,
  request: DiskRequest,
  event: NewEvent,
): Promise<boolean> => {
  const result = await db
    .insertInto('disk_requests')
    .values(toRow(request))
    // Of either rule: the same request told twice, or another open one of its machine and kind.
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (result.numInsertedOrUpdatedRows !== 1n) return false
  await append(db, [event])
  return true
}

export const readDiskRequests = async (db: Database): Promise<readonly DiskRequest[]> => {
  const rows = await db
    .selectFrom('disk_requests')
    .selectAll()
    .where('closed_at', 'is', null)
    .orderBy('at')
    .orderBy('id')
    .execute()
  return rows.map(fromRow)
}

export const closeDiskRequest = async (db: Database, id: DiskRequestId, at: Instant): Promise<void> => {
  await db
    .updateTable('disk_requests')
    .set({ closed_at: at })
    .where('id', '=', id)
    .where('closed_at', 'is', null)
    .execute()
}

export const collectDiskRequests = async (db: Database, now: Instant): Promise<void> => {
  await db
    .deleteFrom('disk_requests')
    .where('closed_at', '<', now - closedKeptMs)
    .execute()
}

const toRow = (request: DiskRequest): DiskRequestRow => ({
  id: request.id,
  machine: request.machine,
  kind: request.kind,
  image: request.image ?? null,
  who: request.who,
  at: request.at,
  closed_at: null,
})

const fromRow = (row: DiskRequestRow): DiskRequest => ({
  id: row.id as DiskRequestId,
  machine: row.machine as MachineId,
  kind: row.kind as DiskRequest['kind'],
  ...(row.image === null ? {} : { image: row.image }),
  who: row.who,
  at: row.at,
})
