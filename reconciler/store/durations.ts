import { sql } from 'kysely'
import type { PaceCount, PaceSample } from '../model/duration.ts'
import type { SiteId } from '../model/ids.ts'
import type { Database } from './database.ts'

/** What was measured long ago fades: beyond so many samples of one kind at one place, each counts half. */
const remembered = 200

/** @param db a transaction. */
export const addDurations = async (db: Database, samples: readonly PaceSample[]): Promise<void> => {
  const times = new Map<string, PaceCount>()
  const places = new Map<string, PaceSample>()
  for (const sample of samples) {
    const place = JSON.stringify([sample.kind, sample.model, sample.site])
    const key = `${place} ${sample.step}`
    times.set(key, { ...sample, times: (times.get(key)?.times ?? 0) + 1 })
    places.set(place, sample)
  }
  // In one order, so that two that end at once do not wait for each other.
  for (const [, count] of [...times].sort(([a], [b]) => (a < b ? -1 : 1)))
    await db
      .insertInto('durations')
      .values(count)
      .onConflict((conflict) =>
        conflict
          .columns(['kind', 'model', 'site', 'step'])
          .doUpdateSet((update) => ({ times: update('durations.times', '+', count.times) })),
      )
      .execute()
  for (const [, place] of [...places].sort(([a], [b]) => (a < b ? -1 : 1))) await fade(db, place)
}

const fade = async (db: Database, { kind, model, site }: PaceSample): Promise<void> => {
  const row = await db
    .selectFrom('durations')
    .select(({ fn }) => fn.sum<number | string>('times').as('total'))
    .where('kind', '=', kind)
    .where('model', '=', model)
    .where('site', '=', site)
    .executeTakeFirst()
  if (Number(row?.total ?? 0) <= remembered) return
  const there = { kind, model, site }
  // Written out, it is a whole number in both databases: what was seen once among two hundred is forgotten.
  await db
    .updateTable('durations')
    .set({ times: sql<number>`times / 2` })
    .where((where) => where.and(there))
    .execute()
  await db
    .deleteFrom('durations')
    .where((where) => where.and(there))
    .where('times', '=', 0)
    .execute()
}

export const readDurations = async (db: Database): Promise<readonly PaceCount[]> => {
  const rows = await db.selectFrom('durations').selectAll().execute()
  return rows.map((row) => ({ ...row, site: row.site as SiteId }))
}
