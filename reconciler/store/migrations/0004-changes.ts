import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

export const changes: Migration = {
  async up(db: Kysely<never>) {
    const schema = db.schema
    await schema
      .alterTable('observations')
      .addColumn('seq', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
    await schema.createIndex('observations_by_seq').on('observations').column('seq').execute()
    await schema
      .createTable('machine_changes')
      .addColumn('machine', 'text', (column) => column.primaryKey())
      .addColumn('seq', 'bigint', (column) => column.notNull())
      .execute()
    await schema.createIndex('machine_changes_by_seq').on('machine_changes').column('seq').execute()
    await sql`insert into counters (name, value) values ('changes', 0)`.execute(db)
  },
}
