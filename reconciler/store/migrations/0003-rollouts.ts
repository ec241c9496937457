import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'

export const rollouts: Migration = {
  async up(db: Kysely<never>) {
    const schema = db.schema
    await schema
      .createTable('rollouts')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('revision', 'text', (column) => column.notNull())
      .addColumn('base', 'text')
      .addColumn('proven', 'text')
      .addColumn('next', 'text', (column) => column.notNull())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('ended_at', 'bigint')
      .addColumn('body', 'text', (column) => column.notNull())
      .execute()
    await schema
      .createTable('rollout_orders')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('rollout', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('who', 'text', (column) => column.notNull())
      .addColumn('why', 'text')
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addColumn('served_at', 'bigint')
      .execute()
    // What a rollout reads of them: whether more than a wake was tried, and how it ended; `seq` so that it reads each change once.
    const attempt = schema.alterTable('actions')
    await attempt.addColumn('attempt', 'integer', (column) => column.notNull().defaultTo(0)).execute()
    await attempt.addColumn('seq', 'bigint', (column) => column.notNull().defaultTo(0)).execute()
    await attempt.addColumn('result', 'text').execute()
    await attempt.addColumn('code', 'text').execute()
    await schema.createIndex('actions_by_seq').on('actions').column('seq').execute()
    await sql`insert into counters (name, value) values ('actions', 0)`.execute(db)
  },
}
