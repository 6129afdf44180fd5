import Database from 'libsql'
import { Kysely, SqliteDialect } from 'kysely'
import { MemoryStore } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { describeSessionStore, type StoreCapability } from 'koa-session-service/testing'

const ALL: StoreCapability[] = ['conditional', 'touch', 'owner']

describeSessionStore('MemoryStore', () => ({ store: new MemoryStore() }), { capabilities: ALL })
describeSessionStore(
  'KyselyStore on SQLite',
  async () => {
    const db = new Kysely<any>({ dialect: new SqliteDialect({ database: new Database(':memory:') as never }) })
    await createSessionTable(db)
    return { store: new KyselyStore(db), stop: async () => db.destroy() }
  },
  { capabilities: ALL },
)
