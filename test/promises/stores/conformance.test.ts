import Keyv from 'keyv'
import { CamelCasePlugin, ParseJSONResultsPlugin } from 'kysely'
import { fromExpressStore, fromKeyv, LayeredStore, MemoryStore } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { describeSessionStore, type StoreCapability } from 'koa-session-service/testing'
import { MemoryStore as ExpressMemoryStore } from 'express-session'
import {
  connectMariadb,
  connectPostgres,
  hasMariadb,
  hasPostgres,
  openSqlite,
  startMariadb,
  startPostgres,
  type TestDatabase,
} from '../../support/backends/databases'
import { describeWith } from '../../support/backends/require-server'
import { useDatabase } from '../../support/backends/use-server'

const capabilities: StoreCapability[] = ['conditional', 'touch', 'owner', 'ends']

describeSessionStore('MemoryStore', () => ({ store: new MemoryStore() }), { capabilities })

describeSessionStore('LayeredStore', () => ({ store: new LayeredStore(new MemoryStore(), { maxStale: 50 }) }), {
  capabilities,
})

describeSessionStore(
  'KyselyStore on SQLite',
  async () => {
    const { db, stop } = openSqlite()
    await createSessionTable(db)
    return { store: new KyselyStore(db), stop }
  },
  { capabilities },
)

describeSessionStore(
  'KyselyStore with plugins that change results',
  async () => {
    const { db, stop } = openSqlite(':memory:', [new CamelCasePlugin(), new ParseJSONResultsPlugin()])
    await createSessionTable(db)
    return { store: new KyselyStore(db), stop }
  },
  { capabilities },
)

const SERVERS = [
  { name: 'PostgreSQL', isThere: hasPostgres, start: startPostgres, connect: connectPostgres },
  { name: 'MariaDB', isThere: hasMariadb, start: startMariadb, connect: connectMariadb },
]

for (const { name, isThere, start, connect } of SERVERS) {
  describeWith(name, isThere)(name, () => {
    let database: TestDatabase
    useDatabase(
      async () => connect(await start()),
      (ready) => (database = ready),
    )
    it('R44: KyselyStore says how to make a table that is missing', async () => {
      const store = new KyselyStore(database.db, { table: 'visits' })
      const failure = { code: 'ERR_SESSION_TABLE_MISSING', message: expect.stringContaining("{ table: 'visits' }") }
      await expect(store.get('a')).rejects.toMatchObject(failure)
      await expect(store.set('a', {}, 1000)).rejects.toMatchObject(failure)
    })
    it('R44: KyselyStore says how to make the table that a database of an earlier version has not', async () => {
      const { db } = database
      await createSessionTable(db, { table: 'old' })
      await db.schema.dropTable('old_marks').execute()
      const store = new KyselyStore(db, { table: 'old' })
      const message: unknown = expect.stringMatching(
        /no table "old_marks" .* createSessionTable\(db, { table: 'old' }\)/,
      )
      await expect(store.readMark('ann')).rejects.toMatchObject({ code: 'ERR_SESSION_TABLE_MISSING', message })
      await expect(store.setMark('ann')).rejects.toMatchObject({ code: 'ERR_SESSION_TABLE_MISSING', message })
      await createSessionTable(db, { table: 'old' })
      expect(await store.readMark('ann')).toMatchObject({ notBefore: undefined })
    })
    describeSessionStore(`KyselyStore on ${name}`, () => ({ store: new KyselyStore(database.db) }), { capabilities })
  })
}

describeSessionStore('a store of three methods', () => {
  const memory = new MemoryStore()
  return {
    store: {
      get: (key) => memory.get(key),
      set: (key, record, maxAge) => memory.set(key, record, maxAge),
      destroy: (key) => memory.destroy(key),
    },
  }
})
describeSessionStore('fromExpressStore', () => ({ store: fromExpressStore(new ExpressMemoryStore()) }))
describeSessionStore('fromKeyv', () => ({ store: fromKeyv(new Keyv()) }))
