import type { SqlFamily } from './kysely-table'
import { rawSql } from './raw-sql'

/**
 * The database's own time in milliseconds since 1970, when the statement is made and not at the beginning of the transaction.
 * In UTC: a wall clock shows one hour of each autumn twice. SQLite has none but that of the machine, in whole milliseconds.
 */
const CLOCKS: Record<SqlFamily, string> = {
  sqlite: "cast((julianday('now') - 2440587.5) * 86400000.0 + 0.5 as integer)",
  postgres: '(extract(epoch from clock_timestamp()) * 1000)::double precision',
  mysql: "(timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) / 1000)",
}

/** An expression of the time. */
export function clockOf(family: SqlFamily) {
  return rawSql<number>(CLOCKS[family])
}

/** The time that a mark is set to: the end of what the clock cannot tell apart. */
export function markExpression(family: SqlFamily) {
  return rawSql<number>(family === 'sqlite' ? `(${CLOCKS.sqlite} + 1)` : CLOCKS[family])
}

/** The least that the clock, and a mark that is kept, can tell apart, in milliseconds. */
export function stepOf(family: SqlFamily) {
  return rawSql<number>(family === 'sqlite' ? '1' : '0.001')
}
