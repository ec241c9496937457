import type { Instant } from '../model/ids.ts'
import type { Database } from './database.ts'

export const takeLease = async (
  db: Database,
  name: string,
  holder: string,
  now: Instant,
  ttlMs: number,
): Promise<boolean> => {
  const until_at = now + ttlMs
  const result = await db
    .insertInto('leases')
    .values({ name, holder, until_at })
    .onConflict((conflict) =>
      conflict
        .column('name')
        .doUpdateSet({ holder, until_at })
        .where((where) =>
          where.or([where('leases.holder', '=', holder), where('leases.until_at', '<=', now)]),
        ),
    )
    .executeTakeFirst()
  return result.numInsertedOrUpdatedRows === 1n
}
