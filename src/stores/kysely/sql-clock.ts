import type { SqlFamily } from './kysely-table'
import { rawSql } from './raw-sql'

/**
 * The database's own time in milliseconds since 1970, at the moment at which it is asked and not at the beginning of the
 * transaction. SQLite has none but that of the machine, in whole milliseconds.
 */
const CLOCKS: Record<SqlFamily, string> = {
  sqlite: "cast((julianday('now') - 2440587.5) * 86400000.0 + 0.5 as integer)",
  postgres: '(extract(epoch from clock_timestamp()) * 1000)::double precision',
  mysql: '(unix_timestamp(sysdate(6)) * 1000)',
}

/** An expression of the time. */
export function clockOf(family: SqlFamily) {
  return rawSql<number>(CLOCKS[family])
}

/** The time that a mark is set to: the end of what the clock cannot tell apart. */
export function markOf(family: SqlFamily) {
  return rawSql<number>(family === 'sqlite' ? `(${CLOCKS.sqlite} + 1)` : CLOCKS[family])
}
