import type { Instant, MachineId, PlanId } from '../model/ids.ts'
import { siteOf } from '../model/machine-id.ts'
import type { Decision, Plan, Target } from '../model/plan.ts'
import { batches, type Database } from './database.ts'
import { runOver } from './prepared.ts'
import type { PlanHead } from './store.ts'

/** There is one plan, of the whole park; earlier versions kept one of each site too. */
const wholePark = ''

/**
 * A plan is kept as one row a machine, and only rows that differ are written.
 * @param db a transaction.
 */
export const putPlan = async (db: Database, plan: Plan): Promise<void> => {
  const rows = await db.selectFrom('decisions').select(['machine', 'body']).execute()
  const known = new Map(rows.map((row) => [row.machine, row.body]))
  const changed: DecisionRow[] = []
  for (const [machine, decision] of plan.decisions) {
    const row = toRow(machine, decision)
    if (known.get(machine) !== row.body) changed.push(row)
    known.delete(machine)
  }
  await putRows(db, changed)
  for (const batch of batches([...known.keys()]))
    await db.deleteFrom('decisions').where('machine', 'in', batch).execute()
  await putHead(db, plan)
}

/**
 * What was decided anew: an outcome changes one of 15,000 decisions.
 * @param db a transaction.
 */
export const putDecisions = async (
  db: Database,
  head: PlanHead,
  decisions: ReadonlyMap<MachineId, Decision>,
): Promise<void> => {
  await putRows(
    db,
    [...decisions].map(([machine, decision]) => toRow(machine, decision)),
  )
  await putHead(db, head)
}

type DecisionRow = { readonly machine: MachineId; readonly site: string; readonly body: string }

const toRow = (machine: MachineId, decision: Decision): DecisionRow => ({
  machine,
  site: siteOf(machine),
  body: JSON.stringify(decision),
})

const putRows = async (db: Database, rows: readonly DecisionRow[]): Promise<void> => {
  const inOrder = rows.toSorted((a, b) => (a.machine < b.machine ? -1 : 1))
  await runOver(db, 'put decisions', inOrder, (piece) =>
    db
      .insertInto('decisions')
      .values(piece)
      .onConflict((conflict) =>
        conflict.column('machine').doUpdateSet((update) => ({ body: update.ref('excluded.body') })),
      ),
  )
}

const putHead = async (db: Database, { id, at, target, unmanaged }: PlanHead): Promise<void> => {
  const head = { id, at, target: JSON.stringify(target), unmanaged: JSON.stringify(unmanaged) }
  await db.deleteFrom('plan_heads').where('site', '!=', wholePark).execute()
  await db
    .insertInto('plan_heads')
    .values({ site: wholePark, ...head })
    .onConflict((conflict) => conflict.column('site').doUpdateSet(head))
    .execute()
}

/** @param db a transaction: head and decisions must be of one instant. */
export const readLatestPlan = async (db: Database): Promise<Plan | undefined> => {
  const head = await db.selectFrom('plan_heads').selectAll().orderBy('at', 'desc').limit(1).executeTakeFirst()
  if (!head) return undefined
  const rows = await db.selectFrom('decisions').select(['machine', 'body']).execute()
  // Not the database's order: PostgreSQL sorts by the locale of the cluster.
  rows.sort((a, b) => (a.machine < b.machine ? -1 : 1))
  return {
    id: head.id as PlanId,
    target: JSON.parse(head.target) as Target,
    at: head.at as Instant,
    decisions: new Map(rows.map((row) => [row.machine as MachineId, JSON.parse(row.body) as Decision])),
    unmanaged: JSON.parse(head.unmanaged) as readonly MachineId[],
  }
}
