import { sql, SqliteDialect, Kysely } from 'kysely'
import Database from 'libsql'
import {
  createSessionTable,
  keepStatements,
  KyselyStore,
  type SqliteDatabase,
  type SqliteStatement,
} from 'koa-session-service/kysely'
import { describeSessionStore } from 'koa-session-service/testing'
import {
  connectPostgres,
  hasPostgres,
  openSqlite,
  startPostgres,
  type TestDatabase,
} from '../../support/backends/databases'
import { describeWith } from '../../support/backends/require-server'

const DAY = 86_400_000
const capabilities = ['conditional', 'touch', 'owner', 'ends'] as const

function openKept(): { db: Kysely<any>; compiled: string[] } {
  const compiled: string[] = []
  const database = new Database(':memory:') as unknown as SqliteDatabase
  const counting: SqliteDatabase = {
    prepare: (text): SqliteStatement => (compiled.push(text), database.prepare(text)),
    close: () => database.close(),
  }
  return {
    db: new Kysely<any>({ dialect: new SqliteDialect({ database: keepStatements(counting) }) }),
    compiled,
  }
}

describeSessionStore(
  'KyselyStore on SQLite, with keepStatements()',
  async () => {
    const { db } = openKept()
    await createSessionTable(db)
    return { store: new KyselyStore(db), stop: async () => db.destroy() }
  },
  { capabilities },
)

describe('keepStatements()', () => {
  it("R130: keepStatements() compiles each statement once, also the application's own, and finds a table that was changed", async () => {
    const { db, compiled } = openKept()
    await createSessionTable(db)
    const store = new KyselyStore(db)
    const useAll = async (): Promise<void> => {
      await store.set('a', { n: 1 }, DAY)
      await store.replace('a', { n: 2 }, DAY, (await store.read('a'))?.revision)
      await db.selectFrom('sessions').selectAll().execute()
    }
    await useAll()
    const count = compiled.length
    for (let round = 0; round < 3; round++) await useAll()
    expect(compiled.length).toBe(count)
    await db.schema.alterTable('sessions').addColumn('note', 'text').execute()
    expect(await db.selectFrom('sessions').selectAll().execute()).toMatchObject([{ id: 'a', note: null }])
    await db.destroy()
  })

  it('R130: the rows that keepStatements() reads one by one come from a statement of their own', async () => {
    const { db } = openKept()
    await createSessionTable(db)
    const store = new KyselyStore(db)
    for (const key of ['a', 'b', 'c']) await store.set(key, {}, DAY)
    const all = db.selectFrom('sessions').select('id').orderBy('id')
    await all.execute()
    const found: unknown[] = []
    const [first, second] = [all.stream(), all.stream()]
    for (const rows of [first, second]) for await (const row of rows) found.push(row.id)
    expect(found).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
    await db.destroy()
  })

  it.each([undefined, null, {}, 'sessions.db', Promise.resolve({})])(
    'R38: keepStatements() refuses %p, which is no database',
    (wrong) => {
      expect(() => keepStatements(wrong as never)).toThrow(expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' }))
    },
  )
})

describe('a clean-up', () => {
  it('R130: a clean-up finds the marks of owners that nobody needs by an index', async () => {
    const { db, stop } = openSqlite()
    await createSessionTable(db)
    const plan = await sql<{
      detail: string
    }>`explain query plan delete from sessions_marks where not_before < 5`.execute(db)
    expect(plan.rows.map(({ detail }) => detail).join()).toMatch(/USING .*INDEX sessions_marks_not_before/)
    await stop()
  })
})

describeWith('PostgreSQL', hasPostgres)('a touch in PostgreSQL', () => {
  it('R130: a touch in PostgreSQL leaves the indexes as they are, but for once in each of 64 parts of a life', async () => {
    const server = await startPostgres()
    const { db, stop }: TestDatabase = connectPostgres(server)
    try {
      await createSessionTable(db)
      const store = new KyselyStore(db)
      await store.set('a', { n: 1 }, DAY)
      // As a visitor who comes again every minute.
      const now = jest.spyOn(Date, 'now')
      const start = Date.now()
      for (let minute = 1; minute <= 100; minute++) {
        now.mockReturnValue(start + minute * 60_000)
        await store.touch('a', start + minute * 60_000 + DAY, DAY)
      }
      now.mockRestore()
      await stop()
      const { updates, hot } = await counted(server)
      expect(updates).toBe(100)
      expect(hot).toBeGreaterThanOrEqual(90)
    } finally {
      await server.stop()
    }
  })

  /** The server counts what a connection did when that is over. */
  async function counted(server: Awaited<ReturnType<typeof startPostgres>>): Promise<{ updates: number; hot: number }> {
    const { db, stop } = connectPostgres(server)
    const query = sql<{ updates: string; hot: string }>`select n_tup_upd as updates, n_tup_hot_upd as hot
      from pg_stat_user_tables where relname = 'sessions'`
    for (;;) {
      const [{ updates, hot }] = (await query.execute(db)).rows
      if (Number(updates) > 0) return stop().then(() => ({ updates: Number(updates), hot: Number(hot) }))
    }
  }
})
