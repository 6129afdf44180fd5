import type { Expression, RawNode } from 'kysely'
import { SessionError } from '../../errors'
import type { AnyKysely } from './any-kysely'

/** A row of the table that {@link createSessionTable} makes. */
export interface SessionTable {
  id: string
  record: string
  /** Another one with every write of the record. */
  revision: string
  /** The record's `_expire`, which a touch moves: milliseconds since 1970. */
  expire: number | null
  /** When the row may be deleted: milliseconds since 1970. */
  forget_at: number
  owner: string | null
}

/** The databases that differ in what a session's table needs. */
export type SqlFamily = 'sqlite' | 'postgres' | 'mysql'

/** A Kysely instance, whichever build and version of kysely it is made with: what shows that it is one. */
export interface KyselyDatabase {
  readonly schema: object
  getExecutor(): { readonly adapter: object }
}

export const DEFAULT_TABLE = 'sessions'
const TABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,50}$/

/** @throws {SessionError} `ERR_SESSION_OPTIONS` for a name that is not a plain one */
export function checkTableName(table: unknown): string {
  if (typeof table === 'string' && TABLE_NAME.test(table)) return table
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    `The name of the session table is made of letters, digits and "_", and 51 characters at most: not ${JSON.stringify(table)}.`,
  )
}

/** @throws {SessionError} `ERR_SESSION_OPTIONS` for something that is no Kysely instance */
export function familyOf(db: KyselyDatabase): SqlFamily {
  const name = typeof db?.getExecutor === 'function' ? db.getExecutor().adapter.constructor.name : ''
  if (/sqlite/i.test(name)) return 'sqlite'
  if (/postgres/i.test(name)) return 'postgres'
  if (/mysql/i.test(name)) return 'mysql'
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    'KyselyStore takes a Kysely instance for SQLite, PostgreSQL, or MySQL and MariaDB: new Kysely({ dialect }).',
  )
}

/**
 * Makes the table of a {@link KyselyStore} and its indexes, where they are not there yet: run it as a migration.
 *
 * @example
 * await createSessionTable(db)
 * app.use(session({ store: new KyselyStore(db) }, app))
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for a wrong name of the table or something that is no Kysely instance
 */
export async function createSessionTable(
  database: KyselyDatabase,
  { table = DEFAULT_TABLE }: { table?: string } = {},
): Promise<void> {
  const name = checkTableName(table)
  const family = familyOf(database)
  const db = database as AnyKysely
  // Ids differ by the case of their letters, and MariaDB compares texts without it unless it is told to.
  const text = columnType(family === 'mysql' ? 'varchar(512) character set ascii collate ascii_bin' : 'varchar(512)')
  const owner = columnType(
    family === 'mysql' ? 'varchar(255) character set utf8mb4 collate utf8mb4_bin' : 'varchar(255)',
  )
  const long = columnType(family === 'mysql' ? 'mediumtext character set utf8mb4' : 'text')
  await db.schema
    .createTable(name)
    .ifNotExists()
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('record', long, (column) => column.notNull())
    .addColumn('revision', 'varchar(36)', (column) => column.notNull())
    .addColumn('expire', 'bigint')
    .addColumn('forget_at', 'bigint', (column) => column.notNull())
    .addColumn('owner', owner)
    .execute()
  for (const column of ['owner', 'forget_at']) await createIndex(db, family, name, column)
}

/** What `sql.raw` makes, without loading a build of kysely that may not be the application's. */
function columnType(sql: string): Expression<unknown> {
  const node: RawNode = { kind: 'RawNode', sqlFragments: [sql], parameters: [] }
  return { expressionType: undefined, toOperationNode: () => node }
}

async function createIndex(db: AnyKysely, family: SqlFamily, table: string, column: string): Promise<void> {
  const index = db.schema.createIndex(`${table}_${column}`).on(table).column(column)
  if (family !== 'mysql') return index.ifNotExists().execute()
  // MySQL knows no "if not exists" here; MariaDB does.
  await index.execute().catch((error: unknown) => {
    if ((error as { errno?: number }).errno !== 1061) throw error
  })
}
