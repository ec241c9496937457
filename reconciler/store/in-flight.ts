import type { ActionId, MachineId } from '../model/ids.ts'
import type { Action, History } from '../model/plan.ts'
import type { Database, Selection } from './database.ts'

/** The open action of each machine that has one. */
export const readInFlight = async (
  db: Database,
  { site, machine, machines }: Selection,
): Promise<ReadonlyMap<MachineId, NonNullable<History['inFlight']>>> => {
  const rows = await db
    .selectFrom('actions')
    .select(['id', 'machine', 'owner', 'since', 'body'])
    .where('ended_at', 'is', null)
    .$if(site !== undefined, (select) => select.where('site', '=', site ?? ''))
    .$if(machine !== undefined, (select) => select.where('machine', '=', machine ?? ''))
    .$if(machines !== undefined, (select) => select.where('machine', 'in', machines ?? []))
    .execute()
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
