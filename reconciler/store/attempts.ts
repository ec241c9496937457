/** What was tried since a rollout began. */
import type { ActionId, Instant, MachineId } from '../model/ids.ts'
import type { Fence } from '../model/plan.ts'
import type { Database } from './database.ts'
import type { AttemptRow } from './store.ts'

/** Actions of `since` or a newer fence that do more than wake, and that changed after the number `after`; in the order of these numbers. */
export const readAttempts = async (
  db: Database,
  since: Fence,
  after: number,
): Promise<readonly AttemptRow[]> => {
  const { epoch, generation } = since
  const rows = await db
    .selectFrom('actions')
    .select(['id', 'machine', 'epoch', 'generation', 'since', 'ended_at', 'result', 'code', 'seq'])
    .where('seq', '>', after)
    .where('attempt', '=', 1)
    .where((where) =>
      where.or([
        where('epoch', '>', epoch),
        where.and([where('epoch', '=', epoch), where('generation', '>=', generation)]),
      ]),
    )
    .orderBy('seq')
    .execute()
  return rows.map((row) => ({
    action: row.id as ActionId,
    machine: row.machine as MachineId,
    fence: { epoch: row.epoch, generation: row.generation },
    since: row.since as Instant,
    seq: row.seq,
    ...(row.ended_at === null ? {} : { endedAt: row.ended_at as Instant }),
    ...(row.result === null ? {} : { result: row.result }),
    ...(row.code === null ? {} : { code: row.code }),
  }))
}
