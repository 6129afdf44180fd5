import type { Context } from 'koa'
import { Kysely, MysqlDialect, PostgresDialect, sql, SqliteDialect, type CompiledQuery, type Dialect } from 'kysely'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import Database from 'libsql'
import { createPool } from 'mysql2'
import { Pool } from 'pg'
import { hasMariadb, hasPostgres, startMariadb, startPostgres } from '../../support/backends/databases'
import { describeWith } from '../../support/backends/require-server'

const DAY = 86_400_000
const ROWS = 20_000
const RECORD = JSON.stringify({ note: 'n'.repeat(300) })
/** So few of the rows that to read all of them is never the shorter way. */
const BATCH = 50
/** So many at once: the text of a statement has its bound. */
const AT_ONCE = 1000
const CONTEXT = { rolling: false, changed: true, ctx: {} as Context }

interface Opened {
  dialect: Dialect
  stop: () => Promise<unknown>
}

/** Which plans look at a whole table. */
const SCANS: Record<string, RegExp> = {
  SQLite: /SCAN sessions\b(?!_)/,
  PostgreSQL: /Seq Scan on sessions /,
  // All of it, or an index from its one end to the other. Those of the tables beside it are empty.
  MariaDB: /"table":"sessions","type":"(ALL|index)"/,
}

const EXPLAIN: Record<string, string> = { SQLite: 'explain query plan', PostgreSQL: 'explain', MariaDB: 'explain' }
const ANALYZE: Record<string, string> = {
  SQLite: 'analyze',
  PostgreSQL: 'vacuum analyze sessions',
  MariaDB: 'analyze table sessions',
}

/** Half of the rows have expired, and are among the others, as where sessions are used again and again. */
async function fill(db: Kysely<any>): Promise<void> {
  const end = Date.now() + DAY
  for (let from = 0; from < ROWS; from += AT_ONCE) {
    const rows = Array.from({ length: AT_ONCE }, (_, index) => {
      const number = from + index
      const isOver = (number * 7919) % 16 < 8
      const forget_at = isOver ? 1 + number : end + number
      return { id: `id-${number}`, record: RECORD, revision: 'r', expire: end, forget_at, owner: `o-${number % 2000}` }
    })
    await db.insertInto('sessions').values(rows).execute()
  }
}

/** Everything that a store of sessions is asked for. */
async function useAll(store: KyselyStore): Promise<void> {
  const owner = 'o-1'
  const created = await store.create('new', { n: 1 }, DAY, { ...CONTEXT, owner })
  await store.read('none')
  await store.set('other', { n: 1 }, DAY, { ...CONTEXT, owner })
  await store.replace('new', { n: 2 }, DAY, created?.revision, { ...CONTEXT, owner })
  await store.touch('new', Date.now() + DAY, DAY)
  await store.touch('new', Date.now() + DAY, DAY, { ...CONTEXT, revision: 'none' })
  await store.destroy('new')
  await store.destroy('none', { at: { revision: 'none', expire: 5 } })
  await store.setMark(owner)
  await store.readMark(owner)
  await store.listByOwner(owner)
  await store.destroyByOwner(owner, { only: 'none' })
  await store.destroyByOwner(owner, { only: 'none', at: { revision: 'none' } })
  await store.destroyByOwner(owner)
  await store.deleteExpired({ batch: BATCH })
}

async function expectIndexes(name: string, { dialect, stop }: Opened): Promise<void> {
  const sent: CompiledQuery[] = []
  const log = ({ query }: { query: CompiledQuery }): void => void sent.push(query)
  const db = new Kysely<any>({ dialect, log })
  try {
    await createSessionTable(db)
    sent.length = 0
    // The table is empty: what is sent is the same, and nothing is deleted that the plans are made for.
    await useAll(new KyselyStore(db))
    const statements = sent.filter(({ sql: text }) => !text.startsWith('insert'))
    await fill(db)
    await sql.raw(ANALYZE[name]).execute(db)
    const plans = new Map<string, string>()
    for (const statement of statements) {
      const { rows } = await db.executeQuery({ ...statement, sql: `${EXPLAIN[name]} ${statement.sql}` })
      plans.set(statement.sql, JSON.stringify(rows))
    }
    expect(plans.size).toBeGreaterThan(12)
    const scanning = Array.from(plans).filter(([, plan]) => SCANS[name].test(plan))
    expect(scanning).toEqual([])
  } finally {
    await db.destroy()
    await stop()
  }
}

const TITLE = 'R130: each statement of a store finds its rows by an index, also where half of all have expired'

describe('KyselyStore on SQLite', () => {
  it(TITLE, async () => {
    const dialect = new SqliteDialect({ database: new Database(':memory:') })
    await expectIndexes('SQLite', { dialect, stop: async () => undefined })
  })
})

describeWith('PostgreSQL', hasPostgres)('KyselyStore on PostgreSQL', () => {
  it(TITLE, async () => {
    const server = await startPostgres()
    const pool = new Pool({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' })
    await expectIndexes('PostgreSQL', { dialect: new PostgresDialect({ pool }), stop: async () => server.stop() })
  })
})

describeWith('MariaDB', hasMariadb)('KyselyStore on MariaDB', () => {
  it(TITLE, async () => {
    const server = await startMariadb()
    const pool = createPool({ host: '127.0.0.1', port: server.port, user: 'root', database: 'sessions' })
    await expectIndexes('MariaDB', { dialect: new MysqlDialect({ pool }), stop: async () => server.stop() })
  })
})

describeWith('PostgreSQL', hasPostgres)('a clean-up in PostgreSQL', () => {
  it('R130: a clean-up looks for what has expired once in a batch, also where the statistics say that nothing has', async () => {
    const server = await startPostgres()
    const pool = new Pool({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' })
    const sent: CompiledQuery[] = []
    const log = ({ query }: { query: CompiledQuery }): void => void sent.push(query)
    const db = new Kysely<any>({ dialect: new PostgresDialect({ pool }), log })
    try {
      await createSessionTable(db)
      await new KyselyStore(db).deleteExpired({ batch: BATCH })
      const statement = sent.find(({ sql: text }) => text.startsWith('delete from "sessions" '))!
      const end = Date.now() + DAY
      // Ends have few values: those of the parts of a life.
      const rows = (count: number, name: string, forgetAt: (number: number) => number): object[] =>
        Array.from({ length: count }, (_, number) => {
          return { id: `${name}-${number}`, record: RECORD, revision: 'r', forget_at: forgetAt(number) }
        })
      const live = rows(20 * AT_ONCE, 'live', (number) => end + (number % 32) * 60_000)
      while (live.length > 0) await db.insertInto('sessions').values(live.splice(0, AT_ONCE)).execute()
      await sql.raw(ANALYZE.PostgreSQL).execute(db)
      await db
        .insertInto('sessions')
        .values(rows(AT_ONCE, 'old', (number) => number % 16))
        .execute()
      const explained = { ...statement, sql: `explain (analyze, format json) ${statement.sql}` }
      const plan = JSON.stringify((await db.executeQuery(explained)).rows)
      expect(plan).toMatch(/"Node Type":"Limit"[^{]*"Actual Rows":50,"Actual Loops":1\b/)
    } finally {
      await db.destroy()
      await server.stop()
    }
  })
})
