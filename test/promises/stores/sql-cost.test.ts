import { Kysely, MysqlDialect, sql } from 'kysely'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
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

describeSessionStore(
  'KyselyStore on SQLite, with the option sqlite',
  async () => {
    const { db, sqlite, stop } = openSqlite()
    await createSessionTable(db)
    return { store: new KyselyStore(db, { sqlite }), stop }
  },
  { capabilities },
)

describe('the option "sqlite" of KyselyStore', () => {
  const { db, sqlite, stop } = openSqlite()
  const prepare = jest.spyOn(sqlite, 'prepare')
  const store = new KyselyStore(db, { sqlite })

  beforeAll(async () => createSessionTable(db))
  afterAll(stop)

  async function useAll(): Promise<void> {
    await store.set('a', { n: 1 }, DAY)
    await store.replace('a', { n: 2 }, DAY, (await store.read('a'))?.revision)
    await store.touch('a', undefined, DAY)
    await store.listByOwner('ann')
    await store.readEnds(['a'])
  }

  it('R130: each statement is compiled once and goes past Kysely, and so it is where the table was changed meanwhile', async () => {
    await useAll()
    prepare.mockClear()
    for (let round = 0; round < 3; round++) await useAll()
    // Kysely's dialect prepares what it executes.
    expect(prepare.mock.calls).toEqual([])
    await db.schema.alterTable('sessions').addColumn('note', 'text').execute()
    await useAll()
    expect(await store.get('a')).toEqual({ n: 2 })
  })

  it('R130: what the store writes beside a transaction of the application is no part of it', async () => {
    let written: Promise<void> | undefined
    const work = db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('sessions').execute()
      written = store.set('beside', { n: 1 }, DAY)
      await new Promise((resolve) => setTimeout(resolve, 10))
      throw new Error('rolled back')
    })
    await expect(work).rejects.toThrow('rolled back')
    await written
    expect(await store.get('beside')).toEqual({ n: 1 })
    expect(await store.get('a')).toEqual({ n: 2 })
  })

  it('R130: a connection that is busy with rows of somebody else is waited for, as Kysely does', async () => {
    // What better-sqlite3 says; libsql writes all the same.
    prepare.mockClear().mockImplementationOnce((text) => {
      const busy = (): never => {
        throw new TypeError('This database connection is busy executing a query')
      }
      return { reader: !text.startsWith('insert'), all: busy, run: busy } as never
    })
    const fresh = new KyselyStore(db, { sqlite })
    await fresh.set('busy', { n: 1 }, DAY)
    expect(await store.get('busy')).toEqual({ n: 1 })
    expect(prepare).toHaveBeenCalledTimes(2)
  })

  it.each(['db.destroy()', 'sqlite.close()'])('R44: after %s, calls fail, and the process lives', async (way) => {
    const closed = openSqlite()
    await createSessionTable(closed.db)
    const late = new KyselyStore(closed.db, { sqlite: closed.sqlite })
    await late.set('a', { n: 1 }, DAY)
    if (way === 'db.destroy()') await closed.stop()
    else closed.sqlite.close()
    await expect(late.get('a')).rejects.toThrow(/destroyed|not open/)
    await expect(late.set('a', { n: 2 }, DAY)).rejects.toThrow(/destroyed|not open/)
    const make = (): unknown => new KyselyStore(db, { sqlite: closed.sqlite })
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' }))
  })

  it('R44: a table that is missing is told, and used once it is made', async () => {
    const fresh = openSqlite()
    const early = new KyselyStore(fresh.db, { sqlite: fresh.sqlite })
    await expect(early.get('a')).rejects.toMatchObject({ code: 'ERR_SESSION_TABLE_MISSING' })
    await createSessionTable(fresh.db)
    await early.set('a', { n: 1 }, DAY)
    expect(await early.get('a')).toEqual({ n: 1 })
    await fresh.stop()
  })

  it.each([null, {}, 'sessions.db', Promise.resolve(sqlite), { prepare: () => undefined }])(
    'R38: KyselyStore refuses %p as "sqlite", which is no such database',
    (wrong) => {
      const make = (): unknown => new KyselyStore(db, { sqlite: wrong as never })
      expect(make).toThrow(expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' }))
    },
  )

  it('R38: KyselyStore refuses "sqlite" beside a dialect of another database', () => {
    const mysql = new Kysely<any>({ dialect: new MysqlDialect({ pool: {} as never }) })
    expect(() => new KyselyStore(mysql, { sqlite })).toThrow(expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' }))
  })
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
