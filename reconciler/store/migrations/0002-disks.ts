import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

export const disks: Migration = {
  async up(db: Kysely<never>) {
    const schema = db.schema
    await schema.alterTable('observations').addColumn('disk', 'text').execute()
    await schema
      .createTable('disk_requests')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('machine', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('image', 'text')
      .addColumn('who', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('closed_at', 'bigint')
      .execute()
    // A teacher who presses the button twice asks once: the database itself refuses a second open request.
    await sql`create unique index disk_requests_open on disk_requests (machine, kind) where closed_at is null`.execute(
      db,
    )
    await schema
      .createTable('discovered')
      .addColumn('mac', 'text', (column) => column.primaryKey())
      .addColumn('first_seen_at', 'bigint', (column) => column.notNull())
      .addColumn('seen_at', 'bigint', (column) => column.notNull())
      .addColumn('hello', 'text', (column) => column.notNull())
      .execute()
  },
}
