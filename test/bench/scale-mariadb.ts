import { Readable } from 'node:stream'
import expressMysqlSession from 'express-mysql-session'
import expressSession from 'express-session'
import { sql } from 'kysely'
import { createPool } from 'mysql2'
import { connectMariadb, startMariadb } from '../support/backends/databases'
import { chunksOf, type Bytes, type Place } from './scale-places'
import { linesOf, openForeign, openOurs, piecesOf, type Table } from './scale-sql'

/** What is not in the pool is in the memory of the system, and no write waits for the disk. */
const SETTINGS = [
  '--innodb-buffer-pool-size=10G',
  '--innodb-flush-log-at-trx-commit=2',
  '--innodb-log-file-size=4G',
  '--innodb-flush-method=fsync',
  '--skip-innodb-doublewrite',
]
/** How many rows are loaded in one transaction. */
const PIECE = 200_000

export async function openMariadb(): Promise<Place> {
  const server = await startMariadb(SETTINGS)
  const { db, stop } = connectMariadb(server)
  const address = { host: '127.0.0.1', port: server.port, user: 'root', database: 'sessions' }
  const pool = createPool({ ...address, connectionLimit: 10 })

  async function load(table: string, columns: readonly string[], rows: Iterable<unknown[]>): Promise<void> {
    const load = `load data local infile 'rows' into table ${table} character set utf8mb4 (${columns.join()})`
    for (const piece of piecesOf(rows, PIECE)) {
      const infileStreamFactory = (): Readable => Readable.from(chunksOf(linesOf(piece)))
      await pool.promise().query({ sql: load, infileStreamFactory })
    }
  }

  async function bytesOf(table: string): Promise<Bytes> {
    await sql`analyze table ${sql.table(table)}`.execute(db)
    const sizes = sql<{ name: string; pages: number }>`select index_name as name, stat_value as pages
      from mysql.innodb_index_stats where table_name = ${table} and stat_name = 'size'`
    const indexes = (await sizes.execute(db)).rows.map(({ name, pages }) => [name, 16_384 * Number(pages)])
    const query = sql<{ size: number }>`select file_size as size from information_schema.innodb_sys_tablespaces
      where name = ${`sessions/${table}`}`
    return { disk: Number((await query.execute(db)).rows[0].size), indexes: Object.fromEntries(indexes) }
  }

  const tableOf = (name: string): Table => ({ db, name, load, bytes: async () => bytesOf(name) })
  const Rival = expressMysqlSession(expressSession)
  return {
    ours: async (name) => openOurs(tableOf(name)),
    rival: {
      name: 'express-mysql-session',
      async open(name) {
        const store = new Rival({ clearExpired: false, schema: { tableName: name } }, pool)
        await store.onReady()
        const columns = ['session_id', 'data', 'expires'] as const
        const population = await openForeign(tableOf(name), store, columns, (end) => Math.round(end / 1000))
        return { ...population, cleanUp: async () => store.clearExpiredSessions() }
      },
    },
    stop: () => Promise.all([stop(), pool.promise().end()]).then(() => server.stop()),
  }
}
