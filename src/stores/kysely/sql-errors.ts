import { SessionError } from '../../base/errors'
import { redact } from '../../base/redact'
import { DEFAULT_TABLE, endsOf, marksOf } from './kysely-table'

/** How a missing table is told: SQLite's message, PostgreSQL's `code`, and MySQL's. */
const MISSING_TABLE = /no such table|^42P01$|^ER_NO_SUCH_TABLE$/
/** A transaction gave way to another one: serialization failure and deadlock, of PostgreSQL and of MySQL and MariaDB. */
const GAVE_WAY = /^(40001|40P01|ER_LOCK_DEADLOCK|ER_CHECKREAD)$/
const DUPLICATE = /^ER_DUP_ENTRY$/

/** Whether the statement can simply be made again: another transaction was first. */
export function gaveWay(error: unknown): boolean {
  return GAVE_WAY.test(codeOf(error))
}

/** Whether MySQL or MariaDB has a row with this key already. */
export function isDuplicate(error: unknown): boolean {
  return DUPLICATE.test(codeOf(error))
}

/** Says how to make a table that is missing; other errors are returned as they are. */
export function explained(error: unknown, table: string): unknown {
  const { message = '' } = error as { message?: string }
  if (!MISSING_TABLE.test(message) && !MISSING_TABLE.test(codeOf(error))) return error
  // A database of before there were marks, or ends, has the other table.
  const beside = [marksOf(table), endsOf(table).log, endsOf(table).ends]
  const missing = beside.find((name) => message.includes(name)) ?? table
  const options = table === DEFAULT_TABLE ? '' : `, { table: '${table}' }`
  return new SessionError(
    'ERR_SESSION_TABLE_MISSING',
    `There is no table "${missing}" for the sessions. Call "await createSessionTable(db${options})" once, as a migration.`,
    { status: 503, cause: redact(error) },
  )
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : ''
}
