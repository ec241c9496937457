import type { Instant } from '../model/ids.ts'
import type { Pause, Scope } from '../model/plan.ts'
import type { Database } from './database.ts'
import type { PauseRow } from './schema.ts'

export const setPause = async (db: Database, pause: Pause): Promise<void> => {
  const row = toRow(pause)
  const { who, why, at, until_at } = row
  await db
    .insertInto('pauses')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['scope_kind', 'scope_id']).doUpdateSet({ who, why, at, until_at }),
    )
    .execute()
}

export const clearPause = async (db: Database, scope: Scope): Promise<boolean> => {
  const result = await db
    .deleteFrom('pauses')
    .where('scope_kind', '=', scope.kind)
    .where('scope_id', '=', scopeId(scope))
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** Those still in force at `now`, the oldest first. */
export const readPauses = async (db: Database, now: Instant): Promise<readonly Pause[]> => {
  const rows = await db
    .selectFrom('pauses')
    .selectAll()
    .where((where) => where.or([where('until_at', 'is', null), where('until_at', '>', now)]))
    .orderBy('at')
    .orderBy('scope_kind')
    .orderBy('scope_id')
    .execute()
  return rows.map(fromRow)
}

export const collectPauses = async (db: Database, now: Instant): Promise<void> => {
  await db.deleteFrom('pauses').where('until_at', '<=', now).execute()
}

const scopeId = (scope: Scope): string => (scope.kind === 'park' ? '' : scope.id)

const toRow = (pause: Pause): PauseRow => ({
  scope_kind: pause.scope.kind,
  scope_id: scopeId(pause.scope),
  who: pause.who,
  why: pause.why,
  at: pause.at,
  until_at: pause.until ?? null,
})

const fromRow = (row: PauseRow): Pause => ({
  scope:
    row.scope_kind === 'park'
      ? { kind: 'park' }
      : { kind: row.scope_kind as 'lycee' | 'room' | 'machine', id: row.scope_id },
  who: row.who,
  why: row.why,
  at: row.at,
  ...(row.until_at === null ? {} : { until: row.until_at }),
})
