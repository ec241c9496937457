import type { Instant, MachineId, PlanId, SiteId } from '../model/ids.ts'
import type { Decision, Plan, Target } from '../model/plan.ts'
import { batches, type Database, siteOf } from './database.ts'

/** The head of a plan of the whole park; a site's own has the site's name. */
const wholePark = ''

/**
 * A plan is kept as one row a machine, and only rows that changed are written: an outcome changes one of 15,000.
 * @param db a transaction.
 */
export const putPlan = async (db: Database, plan: Plan, site: SiteId | undefined): Promise<void> => {
  const known = await readBodies(db, site)
  const changed = []
  for (const [machine, decision] of plan.decisions) {
    const body = JSON.stringify(decision)
    if (known.get(machine) !== body) changed.push({ machine, site: siteOf(machine), body })
    known.delete(machine)
  }
  for (const batch of batches(changed))
    await db
      .insertInto('decisions')
      .values(batch)
      .onConflict((conflict) =>
        conflict.column('machine').doUpdateSet((update) => ({ body: update.ref('excluded.body') })),
      )
      .execute()
  for (const batch of batches([...known.keys()]))
    await db.deleteFrom('decisions').where('machine', 'in', batch).execute()
  await putHead(db, plan, site)
}

const readBodies = async (db: Database, site: SiteId | undefined): Promise<Map<string, string>> => {
  const rows = await db
    .selectFrom('decisions')
    .select(['machine', 'body'])
    .$if(site !== undefined, (select) => select.where('site', '=', site ?? wholePark))
    .execute()
  return new Map(rows.map((row) => [row.machine, row.body]))
}

const putHead = async (db: Database, plan: Plan, site: SiteId | undefined): Promise<void> => {
  const head = {
    id: plan.id,
    at: plan.at,
    target: JSON.stringify(plan.target),
    unmanaged: JSON.stringify(plan.unmanaged),
  }
  // A plan of the whole park stands for all the sites' own that came before it.
  if (site === undefined) await db.deleteFrom('plan_heads').execute()
  await db
    .insertInto('plan_heads')
    .values({ site: site ?? wholePark, ...head })
    .onConflict((conflict) => conflict.column('site').doUpdateSet(head))
    .execute()
}

/** @param db a transaction: heads and decisions must be of one instant. */
export const readLatestPlan = async (db: Database): Promise<Plan | undefined> => {
  const heads = await db.selectFrom('plan_heads').selectAll().orderBy('at', 'desc').orderBy('site').execute()
  const newest = heads[0]
  if (!newest) return undefined
  const whole = heads.find((head) => head.site === wholePark)
  const rows = await db.selectFrom('decisions').select(['machine', 'body']).execute()
  // Not the database's order: PostgreSQL sorts by the locale of the cluster.
  rows.sort((a, b) => (a.machine < b.machine ? -1 : 1))
  return {
    // Together, the newest heads name exactly the decisions that they stand for.
    id: heads.map((head) => head.id).join('+') as PlanId,
    target: JSON.parse(newest.target) as Target,
    at: newest.at as Instant,
    decisions: new Map(rows.map((row) => [row.machine as MachineId, JSON.parse(row.body) as Decision])),
    unmanaged: JSON.parse((whole ?? newest).unmanaged) as readonly MachineId[],
  }
}
