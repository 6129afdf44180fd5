import { LRUCache } from 'lru-cache'
import { checkMethods } from '../checks'

/** How many statements are kept: an application has fewer. */
const MAX = 500

/** A statement of SQLite, as Kysely's `SqliteDialect` uses it. */
export interface SqliteStatement {
  readonly reader: boolean
  all(parameters: readonly unknown[]): unknown[]
  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  iterate(parameters: readonly unknown[]): IterableIterator<unknown>
}

/** A database of better-sqlite3 or libsql, as Kysely's `SqliteDialect` takes it. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement
  close(): void
}

/**
 * Lets SQLite compile each statement once. Kysely's dialect compiles it for each execution, which takes longer than to execute it:
 * with this, a read takes half of the time. For all that goes through the dialect; up to 500 statements are kept. From
 * `koa-session-service/kysely`.
 *
 * @example
 * const database = keepStatements(new Database('sessions.db', { timeout: 5000 }))
 * const db = new Kysely({ dialect: new SqliteDialect({ database }) })
 * const store = new KyselyStore(db)
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for something that is no database
 */
export function keepStatements(database: SqliteDatabase): SqliteDatabase {
  checkMethods(database, ['prepare', 'close'], 'keepStatements() takes a database of better-sqlite3 or libsql')
  const kept = new LRUCache<string, SqliteStatement>({ max: MAX })
  const compile = (sql: string): SqliteStatement => {
    const statement = database.prepare(sql)
    return {
      reader: statement.reader,
      all: (parameters) => statement.all(parameters),
      run: (parameters) => statement.run(parameters),
      // One that is read row by row is busy until the last one: it is a statement of its own.
      iterate: (parameters) => database.prepare(sql).iterate(parameters),
    }
  }
  return {
    prepare: (sql) => {
      const known = kept.get(sql)
      if (known) return known
      const statement = compile(sql)
      kept.set(sql, statement)
      return statement
    },
    close: () => {
      kept.clear()
      database.close()
    },
  }
}
