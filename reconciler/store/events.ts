import type { Event, EventKind } from '../model/event.ts'
import type { MachineId, Revision } from '../model/ids.ts'
import type { Text } from '../model/reason.ts'
import { count } from './change-counter.ts'
import type { Database } from './database.ts'
import { runOver } from './prepared.ts'
import type { EventRow } from './schema.ts'
import type { NewEvent } from './store.ts'

/**
 * Numbers come from a row that the writer keeps locked until it commits, not from the database's own sequence: whoever reads
 * on from the last number it saw must never find a smaller one later.
 * @param db a transaction.
 */
export const append = async (db: Database, events: readonly NewEvent[]): Promise<void> => {
  if (events.length === 0) return
  const first = (await count(db, 'events', events.length)) - events.length + 1
  const rows = events.map((event, index) => toRow(event, first + index))
  await runOver(db, 'append', rows, (piece) => db.insertInto('events').values(piece))
}

export const readEvents = async (
  db: Database,
  query: { readonly after?: number; readonly machine?: MachineId; readonly limit: number },
): Promise<readonly Event[]> => {
  const { after, machine, limit } = query
  const ofMachine = db
    .selectFrom('events')
    .selectAll()
    .limit(limit)
    .$if(machine !== undefined, (select) => select.where('machine', '=', machine ?? ''))
  if (after !== undefined)
    return (await ofMachine.where('seq', '>', after).orderBy('seq').execute()).map(fromRow)
  return (await ofMachine.orderBy('seq', 'desc').execute()).reverse().map(fromRow)
}

const toRow = (event: NewEvent, seq: number): EventRow => ({
  seq,
  at: event.at,
  kind: event.kind,
  machine: event.machine ?? null,
  revision: event.revision ?? null,
  actor: event.actor,
  message: JSON.stringify(event.message),
  data: event.data === undefined ? null : JSON.stringify(event.data),
})

const fromRow = (row: EventRow): Event => ({
  seq: row.seq,
  at: row.at,
  kind: row.kind as EventKind,
  ...(row.machine === null ? {} : { machine: row.machine as MachineId }),
  ...(row.revision === null ? {} : { revision: row.revision as Revision }),
  actor: row.actor,
  message: JSON.parse(row.message) as Text,
  ...(row.data === null ? {} : { data: JSON.parse(row.data) as unknown }),
})
