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
  new EmbeddedDialect(
    { database: async () => adapt(typeof at === 'string' ? open(at) : at) },
    (config) => new ImmediateDriver(config),
  )

/**
 * On a database that nobody else reads and that is gone with its process: so many transactions are committed together, as to write
 * the same pages out again for each is most of what a small one costs. Whoever opens a copy of it commits first.
 */
export const privateDialect = (database: DatabaseSync, together: number): SqliteDialect =>
  new EmbeddedDialect(
    { database: async () => adapt(database) },
    (config) => new GroupingDriver(config, database, together),
  )

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

type DialectConfig = ConstructorParameters<typeof SqliteDialect>[0]

class EmbeddedDialect extends SqliteDialect {
  readonly #config: DialectConfig
  readonly #driver: (config: DialectConfig) => SqliteDriver

  constructor(config: DialectConfig, driver: (config: DialectConfig) => SqliteDriver) {
    super(config)
    this.#config = config
    this.#driver = driver
  }

  override createDriver(): SqliteDriver {
    return this.#driver(this.#config)
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

/** Each transaction is a savepoint in a larger one. */
class GroupingDriver extends SqliteDriver {
  readonly #database: DatabaseSync
  readonly #together: number
  #made = 0

  constructor(config: DialectConfig, database: DatabaseSync, together: number) {
    super(config)
    this.#database = database
    this.#together = together
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.isTransaction && this.#made >= this.#together) this.#database.exec('commit')
    if (!this.#database.isTransaction) {
      this.#database.exec('begin immediate')
      this.#made = 0
    }
    this.#made += 1
    await connection.executeQuery(CompiledQuery.raw('savepoint one'))
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('release one'))
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback to one'))
    await connection.executeQuery(CompiledQuery.raw('release one'))
  }
}

/** SQLite does run schema changes inside a transaction: a migration is whole or not at all, also with two processes starting. */
class TransactionalAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true
  }
}
