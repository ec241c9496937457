import { sql } from 'kysely'
import type { PaceCount, PaceSample } from '../model/duration.ts'
import type { SiteId } from '../model/ids.ts'
import type { Database } from './database.ts'
import { runOver } from './prepared.ts'

/** What was measured long ago fades: beyond so many samples of one kind at one place, each counts half. */
const remembered = 200

/** @param db a transaction. */
export const addDurations = async (db: Database, samples: readonly PaceSample[]): Promise<void> => {
  const counts = new Map<string, PaceCount>()
  for (const sample of samples) {
    const key = JSON.stringify([sample.kind, sample.model, sample.site, sample.step])
    counts.set(key, { ...sample, times: (counts.get(key)?.times ?? 0) + 1 })
  }
  // In one order, so that two that end at once do not wait for each other.
  const rows = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { kind, model, site, step, times }]) => ({ kind, model, site, step, times }))
  await runOver(db, 'add durations', rows, (piece) =>
    db
      .insertInto('durations')
      .values(piece)
      .onConflict((conflict) =>
        conflict
          .columns(['kind', 'model', 'site', 'step'])
          .doUpdateSet((update) => ({ times: update('durations.times', '+', update.ref('excluded.times')) })),
      ),
  )
}

/** @param db a transaction. */
export const fadeDurations = async (db: Database): Promise<void> => {
  const places = await db
    .selectFrom('durations')
    .select(['kind', 'model', 'site'])
    .groupBy(['kind', 'model', 'site'])
    .having(({ fn }) => fn.sum('times'), '>', remembered)
    .execute()
  for (const place of places) {
    // Written out, it is a whole number in both databases: what was seen once among two hundred is forgotten.
    await db
      .updateTable('durations')
      .set({ times: sql<number>`times / 2` })
      .where((where) => where.and(place))
      .execute()
    await db
      .deleteFrom('durations')
      .where((where) => where.and(place))
      .where('times', '=', 0)
      .execute()
  }
}

export const readDurations = async (db: Database): Promise<readonly PaceCount[]> => {
  const rows = await db.selectFrom('durations').selectAll().execute()
  return rows.map((row) => ({ ...row, site: row.site as SiteId }))
}
