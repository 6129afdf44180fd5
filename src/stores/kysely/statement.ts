import type { CompiledQuery } from 'kysely'
import type { Awaitable } from '../../base/awaitable'
import type { AnyKysely } from './any-kysely'
import { checkTableName, DEFAULT_TABLE, familyOf, type KyselyDatabase, type SqlFamily } from './kysely-table'
import { checkSqlite, SqliteCommand, type SqliteDatabase } from './sqlite-database'

/** The table of the sessions, and the ways to it. */
export interface SqlTable {
  readonly db: AnyKysely
  readonly family: SqlFamily
  readonly table: string
  readonly sqlite?: SqliteDatabase
}

/** @throws {SessionError} `ERR_SESSION_OPTIONS` */
export function sqlTable(db: KyselyDatabase, options: { table?: string; sqlite?: SqliteDatabase }): SqlTable {
  const family = familyOf(db)
  const table = checkTableName(options.table ?? DEFAULT_TABLE)
  return { db: db as AnyKysely, family, table, sqlite: checkSqlite(options.sqlite, family) }
}

/** Stands in a statement for a value that each execution brings. */
class Placeholder {
  constructor(readonly name: string) {}
}

/** Values by the names of their placeholders. */
export type Values = Record<string, unknown>

/** A statement that is built and compiled once, and executed with other values each time. */
export class Statement {
  readonly #db: AnyKysely
  readonly #compiled: CompiledQuery
  readonly #command: SqliteCommand | undefined

  /** Plugins may change the statement, but not what it returns: one that parses texts would take records apart. */
  constructor({ db, sqlite }: SqlTable, query: { compile(): CompiledQuery }) {
    this.#db = db.withoutPlugins()
    this.#compiled = query.compile()
    this.#command = sqlite && new SqliteCommand(sqlite, this.#compiled.sql)
  }

  /** @param db the transaction that it is a part of, where it is one */
  async rows<Row>(values: Values, db?: AnyKysely): Promise<Row[]> {
    return (await this.#execute(values, db)).rows as Row[]
  }

  /**
   * Returns how many rows were affected.
   *
   * @param db the transaction that it is a part of, where it is one
   */
  async run(values: Values, db?: AnyKysely): Promise<number> {
    return (await this.#execute(values, db)).count
  }

  #execute(values: Values, db: AnyKysely | undefined): Awaitable<{ rows: unknown[]; count: number }> {
    const parameters = this.#compiled.parameters.map((parameter) =>
      parameter instanceof Placeholder ? values[parameter.name] : parameter,
    )
    const done = db ? undefined : this.#command?.execute(parameters)
    return done ?? this.#byKysely({ ...this.#compiled, parameters }, db)
  }

  async #byKysely(query: CompiledQuery, db: AnyKysely | undefined): Promise<{ rows: unknown[]; count: number }> {
    const { rows, numAffectedRows } = await (db?.withoutPlugins() ?? this.#db).executeQuery(query)
    return { rows, count: Number(numAffectedRows ?? 0) }
  }
}

/** A placeholder passes for a value of any type. */
export function value(name: string): never {
  return new Placeholder(name) as never
}
