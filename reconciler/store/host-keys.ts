import type { MachineId } from '../model/ids.ts'
import type { Database } from './database.ts'

export const readHostKey = async (db: Database, machine: MachineId): Promise<string | undefined> => {
  const row = await db
    .selectFrom('host_keys')
    .select('fingerprint')
    .where('machine', '=', machine)
    .executeTakeFirst()
  return row?.fingerprint
}

export const pinHostKey = async (db: Database, machine: MachineId, fingerprint: string): Promise<void> => {
  await db
    .insertInto('host_keys')
    .values({ machine, fingerprint })
    .onConflict((conflict) => conflict.column('machine').doUpdateSet({ fingerprint }))
    .execute()
}
