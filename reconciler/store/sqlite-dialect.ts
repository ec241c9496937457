/** Kysely on the SQLite that is built into Node: nothing to compile, nothing to install. */
import { chmodSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { DatabaseConnection, SqliteDatabase, SqliteStatement, TransactionSettings } from 'kysely'
import { CompiledQuery, SqliteAdapter, SqliteDialect, SqliteDriver } from 'kysely'

/**
 * How long a statement blocks the process while another one writes. Short, because nothing else runs meanwhile: the store
 * waits longer by trying again (`lockedPatienceMs`).
 */
const busyTimeoutMs = 20

/** Statements are few and repeat; preparing one costs more than running it. */
const cachedStatements = 256

/** @param at the file, or a database that is open already. */
export const sqliteDialect = (at: string | DatabaseSync): SqliteDialect =>
  new EmbeddedDialect({ database: async () => adapt(typeof at === 'string' ? open(at) : at) })

const open = (path: string): DatabaseSync => {
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
  try {
    // It holds outputs and addresses of a whole region. SQLite gives its -wal and -shm files the same mode.
    if (path !== ':memory:') chmodSync(path, 0o600)
    // FULL: what was said to be done must survive a power cut, because the PC side relies on it.
    database.exec('pragma journal_mode = wal; pragma synchronous = full')
    return database
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

const adapt = (database: DatabaseSync): SqliteDatabase => {
  const statements = new Map<string, SqliteStatement>()
  return {
    close: () => database.close(),
    prepare: (sql) => {
      const known = statements.get(sql)
      if (known) return known
      if (statements.size >= cachedStatements) statements.clear()
      const statement = adaptStatement(database.prepare(sql))
      statements.set(sql, statement)
      return statement
    },
  }
}

const adaptStatement = (statement: StatementSync): SqliteStatement => ({
  reader: statement.columns().length > 0,
  all: (parameters) => statement.all(...bind(parameters)),
  run: (parameters) => statement.run(...bind(parameters)),
  iterate: (parameters) => statement.iterate(...bind(parameters)),
})

const bind = (parameters: readonly unknown[]): SQLInputValue[] =>
  parameters.map((value) => {
    if (value === null || typeof value === 'string' || typeof value === 'number') return value
    throw new TypeError(`not a value of SQLite: ${typeof value}`)
  })

class EmbeddedDialect extends SqliteDialect {
  readonly #config: ConstructorParameters<typeof SqliteDialect>[0]

  constructor(config: ConstructorParameters<typeof SqliteDialect>[0]) {
    super(config)
    this.#config = config
  }

  override createDriver(): SqliteDriver {
    return new ImmediateDriver(this.#config)
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalAdapter()
  }
}

/**
 * A transaction that writes takes the write lock when it begins. One that reads first and then wants to write would be refused at once,
 * without waiting, if another process had written in between.
 */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(
    connection: DatabaseConnection,
    settings?: TransactionSettings,
  ): Promise<void> {
    const begin = settings?.accessMode === 'read only' ? 'begin' : 'begin immediate'
    await connection.executeQuery(CompiledQuery.raw(begin))
  }
}

/** SQLite does run schema changes inside a transaction: a migration is whole or not at all, also with two processes starting. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}
