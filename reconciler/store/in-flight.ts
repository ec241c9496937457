import type { ActionId, MachineId } from '../model/ids.ts'
import type { Action, History } from '../model/plan.ts'
import type { Database, Selection } from './database.ts'
import { runOf } from './prepared.ts'

/** The open action of each machine that has one. */
export const readInFlight = async (
  db: Database,
  selection: Selection,
): Promise<ReadonlyMap<MachineId, NonNullable<History['inFlight']>>> => {
  const rows = await readRows(db, selection)
  return new Map(
    rows.map((row) => [
      row.machine as MachineId,
      {
        action: row.id as ActionId,
        owner: row.owner,
        since: row.since,
        changes: (JSON.parse(row.body) as Action).changes,
      },
    ]),
  )
}

const readRows = (db: Database, { site, machines }: Selection) => {
  const open = db
    .selectFrom('actions')
    .select(['id', 'machine', 'owner', 'since', 'body'])
    .where('ended_at', 'is', null)
  return machines === undefined
    ? open.$if(site !== undefined, (select) => select.where('site', '=', site ?? '')).execute()
    : runOf(db, 'in flight on', machines, (these) => open.where('machine', 'in', these))
}
