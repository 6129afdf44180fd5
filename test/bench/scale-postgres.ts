import connectPgSimple from 'connect-pg-simple'
import expressSession from 'express-session'
import { sql } from 'kysely'
import { Pool } from 'pg'
import { connectPostgres, startPostgres } from '../support/backends/databases'
import { feed, type Bytes, type Place } from './scale-places'
import { linesOf, openForeign, openOurs, type Table } from './scale-sql'

/** No write waits for the disk: it costs what its statement costs. */
const SETTINGS = ['synchronous_commit=off', 'shared_buffers=12GB', 'max_wal_size=32GB', 'maintenance_work_mem=1GB']

export async function openPostgres(): Promise<Place> {
  const server = await startPostgres(SETTINGS.flatMap((setting) => ['-c', setting]))
  const { db, stop } = connectPostgres(server)
  const address = { host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' }
  const pool = new Pool({ ...address, max: 10 })

  async function load(table: string, columns: readonly string[], rows: Iterable<unknown[]>): Promise<void> {
    const copy = `copy ${table} (${columns.join()}) from stdin`
    const place = ['-h', address.host, '-p', String(address.port), '-U', address.user, address.database]
    await feed('psql', [...place, '-v', 'ON_ERROR_STOP=1', '-q', '-c', copy], linesOf(rows))
  }

  /**
   * As the server does by itself in its time: it would do so while the calls are timed. What COPY has loaded is in no buffer of the
   * server: where it stays so, the time of the larger table is that of its copies from the system's memory.
   */
  async function settle(table: string): Promise<void> {
    await sql`vacuum analyze ${sql.table(table)}`.execute(db)
    await sql`checkpoint`.execute(db)
    await sql`create extension if not exists pg_prewarm`.execute(db)
    await sql`select pg_prewarm(oid) from pg_class where relkind in ('r', 'i') and relname like ${`${table}%`}`.execute(
      db,
    )
  }

  async function bytesOf(table: string): Promise<Bytes> {
    await settle(table)
    const query = sql<{ all: string }>`select pg_total_relation_size(${table}) as all`
    const [{ all }] = (await query.execute(db)).rows
    const each = sql<{ name: string; size: string }>`select indexrelname as name, pg_relation_size(indexrelid) as size
      from pg_stat_user_indexes where relname = ${table}`
    const indexes = (await each.execute(db)).rows.map(({ name, size }) => [name, Number(size)])
    return { disk: Number(all), indexes: Object.fromEntries(indexes) }
  }

  const tableOf = (name: string): Table => ({ db, name, load, bytes: async () => bytesOf(name) })
  const Rival = connectPgSimple(expressSession)
  return {
    ours: async (name) => openOurs(tableOf(name)),
    rival: {
      name: 'connect-pg-simple',
      async open(name) {
        // Its statement makes an index of the same name for each table.
        const [table, index] = [sql.table(name), sql.raw(`${name}_expire`)]
        await sql`create table ${table} (sid varchar primary key, sess json not null, expire timestamp(6) not null)`.execute(
          db,
        )
        await sql`create index ${index} on ${table} (expire)`.execute(db)
        const store = new Rival({ pool, tableName: name, pruneSessionInterval: false })
        const population = await openForeign(tableOf(name), store, ['sid', 'sess', 'expire'], (end) =>
          new Date(1000 * Math.ceil(end / 1000)).toISOString(),
        )
        const cleanUp = async (): Promise<unknown> => new Promise((resolve) => store.pruneSessions(resolve))
        return { ...population, cleanUp }
      },
    },
    stop: () => Promise.all([stop(), pool.end()]).then(() => server.stop()),
  }
}
