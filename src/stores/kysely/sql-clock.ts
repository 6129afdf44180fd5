import type { SqlFamily } from './kysely-table'
import { rawSql } from './raw-sql'

/**
 * The database's own time in milliseconds since 1970, at the moment at which it is asked and not at the beginning of the
 * transaction. SQLite has none but that of the machine.
 */
const CLOCKS: Record<SqlFamily, string> = {
  sqlite: "((julianday('now') - 2440587.5) * 86400000.0)",
  postgres: '(extract(epoch from clock_timestamp()) * 1000)::double precision',
  mysql: '(unix_timestamp(sysdate(6)) * 1000)',
}

/** An expression of the time. */
export function clockOf(family: SqlFamily) {
  return rawSql<number>(CLOCKS[family])
}
