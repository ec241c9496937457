import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

export const durations: Migration = {
  async up(db: Kysely<never>) {
    await db.schema
      .createTable('durations')
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('model', 'text', (column) => column.notNull())
      .addColumn('site', 'text', (column) => column.notNull())
      .addColumn('step', 'integer', (column) => column.notNull())
      .addColumn('times', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('durations_pk', ['kind', 'model', 'site', 'step'])
      .execute()
  },
}
