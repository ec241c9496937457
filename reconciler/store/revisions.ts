import type { Digest, Instant, Revision } from '../model/ids.ts'
import type { Database } from './database.ts'

/** Older ones are dropped: a restart needs the target's, a takeover that of an action which is still open. */
const keptRevisions = 10

export const putRevision = async (
  db: Database,
  revision: Revision,
  digest: Digest,
  bytes: string,
  at: Instant,
): Promise<void> => {
  await db
    .insertInto('revisions')
    .values({ digest, revision, bytes, at })
    // Equal digests have equal bytes: megabytes that need not be written again.
    .onConflict((conflict) => conflict.column('digest').doUpdateSet({ revision, at }))
    .execute()
}

export const getRevision = async (
  db: Database,
  digest: Digest,
): Promise<{ revision: Revision; bytes: string } | undefined> => {
  const row = await db
    .selectFrom('revisions')
    .select(['revision', 'bytes'])
    .where('digest', '=', digest)
    .executeTakeFirst()
  return row && { revision: row.revision as Revision, bytes: row.bytes }
}

/** What the last rollouts come from and lead to: to go on with, and to go back to. */
const newestRollouts = (db: Database) => db.selectFrom('rollouts').orderBy('started_at', 'desc').limit(2)

export const collectRevisions = async (db: Database): Promise<void> => {
  const newest = db.selectFrom('revisions').select('digest').orderBy('at', 'desc').limit(keptRevisions)
  await db
    .deleteFrom('revisions')
    .where('digest', 'not in', newest)
    .where('digest', 'not in', db.selectFrom('current_target').select('desired'))
    .where('digest', 'not in', newestRollouts(db).select('next'))
    .where(
      'digest',
      'not in',
      newestRollouts(db).select('base').where('base', 'is not', null).$castTo<{ base: string }>(),
    )
    .where(
      'digest',
      'not in',
      newestRollouts(db).select('proven').where('proven', 'is not', null).$castTo<{ proven: string }>(),
    )
    .execute()
}
