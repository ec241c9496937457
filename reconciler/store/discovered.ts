import type { Instant } from '../model/ids.ts'
import type { Database } from './database.ts'
import type { Discovered } from './store.ts'

/** A PC that was carried away, or has long been written into a spec, need not be shown for ever. */
const keptMs = 90 * 24 * 60 * 60 * 1000

/** A message that comes late does not take the place of a newer one. */
export const putDiscovered = async (db: Database, { mac, seenAt, hello }: Discovered): Promise<void> => {
  await db
    .insertInto('discovered')
    .values({ mac, first_seen_at: seenAt, seen_at: seenAt, hello })
    .onConflict((conflict) =>
      conflict
        .column('mac')
        .doUpdateSet({ seen_at: seenAt, hello })
        .where('discovered.seen_at', '<=', seenAt),
    )
    .execute()
}

export const readDiscovered = async (
  db: Database,
): Promise<readonly (Discovered & { readonly firstSeenAt: Instant })[]> => {
  const rows = await db
    .selectFrom('discovered')
    .selectAll()
    .orderBy('seen_at', 'desc')
    .orderBy('mac')
    .execute()
  return rows.map((row) => ({
    mac: row.mac,
    firstSeenAt: row.first_seen_at,
    seenAt: row.seen_at,
    hello: row.hello,
  }))
}

export const collectDiscovered = async (db: Database, now: Instant): Promise<void> => {
  await db
    .deleteFrom('discovered')
    .where('seen_at', '<', now - keptMs)
    .execute()
}
