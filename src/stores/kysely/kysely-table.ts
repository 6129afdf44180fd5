import { setTimeout } from 'node:timers/promises'
import { SessionError } from '../../base/errors'
import { MAX_OWNER_LENGTH } from '../checks'
import type { AnyKysely } from './any-kysely'
import { rawSql } from './raw-sql'

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

/** A row of the table beside it: when the sessions of an owner were all ended, by the database's clock. */
export interface OwnerMarkTable {
  owner: string
  /** Milliseconds since 1970, with a fraction. */
  not_before: number
}

/** The name of the table of the owners' marks. */
export function marksOf(table: string): string {
  return `${table}_marks`
}

/** A row of the table of ends: the last end of a key; under an empty name, the last position of all. */
export interface EndTable {
  /** The hash of the key. */
  name: string
  position: number
  /** When that was, in milliseconds since 1970; under an empty name, the first position of all. */
  at: number
  /** The hash of the id of a session that is spared; under an empty name, the key of the last position. */
  spares: string | null
  later: number
  /** When the row may be deleted, in milliseconds since 1970; never where it is null. */
  forget_at: number | null
}

/** A row of the log of ends, which is only ever added to. */
export interface EndLogTable {
  position: number
  name: string
}

/** The names of the tables of ends. */
export function endsOf(table: string): { ends: string; log: string } {
  return { ends: `${table}_ends`, log: `${table}_ends_log` }
}

/** The databases that differ in what a session's table needs. */
export type SqlFamily = 'sqlite' | 'postgres' | 'mysql'

/** A Kysely instance, whichever build and version of kysely it is made with: what shows that it is one. */
export interface KyselyDatabase {
  readonly schema: object
  getExecutor(): { readonly adapter: object }
}

export const DEFAULT_TABLE = 'sessions'
/** How long an id may be; ids are ASCII. */
export const MAX_ID_BYTES = 512
/** What a medium text of MySQL holds, in bytes. */
export const MAX_RECORD_BYTES = 16_777_215
/** How the databases tell that another process is at the same work: a key or a name is there already, a lock is held. */
const RACED =
  /^(23505|42P07|42710|40P01|XX000|ER_LOCK_DEADLOCK|ER_TABLE_EXISTS_ERROR|SQLITE_BUSY.*)$|database is locked/
const DENIED = /^(42501|ER_TABLEACCESS_DENIED_ERROR|ER_DBACCESS_DENIED_ERROR|SQLITE_READONLY.*)$/
const MAX_ATTEMPTS = 40
const PAUSE_MS = 50
const TABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,50}$/

/** @throws {SessionError} `ERR_SESSION_OPTIONS` for a name that is not a plain one */
export function checkTableName(table: unknown): string {
  if (typeof table === 'string' && TABLE_NAME.test(table)) return table
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    `The name of the session table is made of letters, digits and "_", and 51 characters at most: not ${JSON.stringify(table)}.`,
  )
}

/**
 * The family, by how its statements are written: the names of dialects are others where they come from another package, or were
 * minified.
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for something that is no Kysely instance
 */
export function familyOf(db: KyselyDatabase): SqlFamily {
  const statement = typeof db?.getExecutor === 'function' ? sampleOf(db as AnyKysely) : ''
  if (statement.includes('`')) return 'mysql'
  if (statement.includes('$1')) return 'postgres'
  if (statement.includes('?')) return 'sqlite'
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    'KyselyStore takes a Kysely instance for SQLite, PostgreSQL, or MySQL and MariaDB: new Kysely({ dialect }).',
  )
}

function sampleOf(db: AnyKysely): string {
  return db.selectFrom('sessions').select('id').where('id', '=', 'a').compile().sql
}

/**
 * Makes the table of a {@link KyselyStore} and its indexes, and small ones beside it, `sessions_marks`, `sessions_ends` and
 * `sessions_ends_log`, where they are not there yet: run it as a migration. An account that may not make tables takes those that are there. From
 * `koa-session-service/kysely`.
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
  try {
    await unlessRaced(async () => createTable(db, family, name))
  } catch (error) {
    // Not a look before: within a transaction, one at a table that is not there would be the end of it.
    if (!isDenied(error) || !(await areThere(db, name))) throw error
  }
}

/** How the databases tell that an account may use tables and not make them. */
function isDenied(error: unknown): boolean {
  const { code = '' } = error as { code?: string }
  return DENIED.test(code)
}

/** Whether the account may read all of the tables. */
async function areThere(db: AnyKysely, name: string): Promise<boolean> {
  try {
    await db.selectFrom(name).select('id').limit(1).execute()
    await db.selectFrom(marksOf(name)).select('owner').limit(1).execute()
    await db.selectFrom(endsOf(name).ends).select('name').limit(1).execute()
    await db.selectFrom(endsOf(name).log).select('name').limit(1).execute()
    return true
  } catch {
    return false
  }
}

async function createTable(db: AnyKysely, family: SqlFamily, name: string): Promise<void> {
  // MySQL and MariaDB compare texts without case, accents and spaces at the end, each with collations of its own; bytes are bytes.
  const text = rawSql<unknown>(family === 'mysql' ? `varbinary(${MAX_ID_BYTES})` : `varchar(${MAX_ID_BYTES})`)
  const owner = rawSql<unknown>(
    family === 'mysql' ? `varbinary(${4 * MAX_OWNER_LENGTH})` : `varchar(${MAX_OWNER_LENGTH})`,
  )
  const long = rawSql<unknown>(family === 'mysql' ? 'mediumtext character set utf8mb4' : 'text')
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
  await db.schema
    .createTable(marksOf(name))
    .ifNotExists()
    .addColumn('owner', owner, (column) => column.primaryKey())
    .addColumn('not_before', 'double precision', (column) => column.notNull())
    .execute()
  await createIndex(db, family, marksOf(name), 'not_before')
  await createEndTables(db, family, name)
}

async function createEndTables(db: AnyKysely, family: SqlFamily, table: string): Promise<void> {
  const { ends, log } = endsOf(table)
  const hash = rawSql<unknown>(family === 'mysql' ? 'varbinary(64)' : 'varchar(64)')
  await db.schema
    .createTable(ends)
    .ifNotExists()
    .addColumn('name', hash, (column) => column.primaryKey())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addColumn('at', 'double precision', (column) => column.notNull())
    .addColumn('spares', 'varchar(64)')
    .addColumn('later', 'smallint', (column) => column.notNull())
    .addColumn('forget_at', 'bigint')
    .execute()
  await createIndex(db, family, ends, 'forget_at')
  await db.schema
    .createTable(log)
    .ifNotExists()
    .addColumn('position', 'bigint', (column) => column.primaryKey())
    .addColumn('name', hash, (column) => column.notNull())
    .execute()
}

/** Another process may be making the same table: "if not exists" of PostgreSQL fails then, and SQLite's file is locked. */
async function unlessRaced(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const { code = '', message = '' } = error as { code?: string; message?: string }
      if (attempt === MAX_ATTEMPTS || !(RACED.test(code) || RACED.test(message))) throw error
      await setTimeout(Math.random() * PAUSE_MS)
    }
  }
}

async function createIndex(db: AnyKysely, family: SqlFamily, table: string, column: string): Promise<void> {
  const index = db.schema.createIndex(`${table}_${column}`).on(table).column(column)
  if (family !== 'mysql') return index.ifNotExists().execute()
  // MySQL knows no "if not exists" here; MariaDB does.
  await index.execute().catch((error: unknown) => {
    if ((error as { errno?: number }).errno !== 1061) throw error
  })
}
