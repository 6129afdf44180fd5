import { SessionError } from '../../base/errors'

/** A statement of SQLite, as Kysely's `SqliteDialect` uses it. */
export interface SqliteStatement {
  readonly reader: boolean
  all(parameters: readonly unknown[]): unknown[]
  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
}

/** A database of better-sqlite3 or libsql. */
export interface SqliteDatabase {
  readonly open: boolean
  readonly inTransaction: boolean
  prepare(sql: string): SqliteStatement
}

/** What better-sqlite3 says to a write while somebody reads row by row; nothing was done then. */
const BUSY = /database connection is busy/

/** @throws {SessionError} `ERR_SESSION_OPTIONS` for something that is no such database, or one of PostgreSQL or MySQL */
export function checkSqlite(database: SqliteDatabase | undefined, family: string): SqliteDatabase | undefined {
  if (database === undefined) return undefined
  // libsql ends the process where a database that is closed is asked for its transaction.
  const isOpen = typeof database?.prepare === 'function' && database.open === true
  const isDatabase = isOpen && typeof database.inTransaction === 'boolean'
  if (isDatabase && family === 'sqlite') return database
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    'The option "sqlite" of KyselyStore takes the database of better-sqlite3 or libsql that its SqliteDialect has, while it is ' +
      'open. Leave it out for every other driver and database.',
  )
}

/** A statement that SQLite compiles once. It is executed at once, without Kysely. */
export class SqliteCommand {
  readonly #database: SqliteDatabase
  readonly #sql: string
  #statement: SqliteStatement | undefined

  constructor(database: SqliteDatabase, sql: string) {
    this.#database = database
    this.#sql = sql
  }

  /** Undefined where the connection is somebody's transaction, or is busy, or closed: Kysely waits for its turn then, or fails. */
  execute(parameters: readonly unknown[]): { rows: unknown[]; count: number } | undefined {
    if (!this.#database.open || this.#database.inTransaction) return undefined
    try {
      const statement = (this.#statement ??= this.#database.prepare(this.#sql))
      if (statement.reader) return { rows: statement.all(parameters), count: 0 }
      return { rows: [], count: Number(statement.run(parameters).changes) }
    } catch (error) {
      if (BUSY.test((error as Error | undefined)?.message ?? '')) return undefined
      throw error
    }
  }
}
