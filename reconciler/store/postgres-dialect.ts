import { PostgresDialect } from 'kysely'
import { Pool, TypeOverrides } from 'pg'

/** PostgreSQL's type number of bigint, which `pg` gives as a string unless told otherwise. */
const int8 = 20

/** @param url `postgres://user:password@host:port/database`, or with `?host=/folder` for a Unix socket. */
export const postgresDialect = (url: string): PostgresDialect => {
  const types = new TypeOverrides()
  types.setTypeParser(int8, Number)
  const pool = new Pool({
    connectionString: url,
    types,
    max: 8,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 60_000,
    lock_timeout: 10_000,
    application_name: 'proviseur',
  })
  // An idle connection that breaks is dropped by the pool; whoever asks next opens another, and is told if that fails.
  // Without a listener Node would end the process over it.
  pool.on('error', () => undefined)
  return new PostgresDialect({ pool })
}
