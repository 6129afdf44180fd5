import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { RedisStore as ConnectRedis } from 'connect-redis'
import connectPgSimple from 'connect-pg-simple'
import expressSession from 'express-session'
import { Redis } from 'ioredis'
import koaRedis from 'koa-redis'
import { MemoryStore } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { RedisStore } from 'koa-session-service/redis'
import { Pool } from 'pg'
import { createClient } from 'redis'
import { connectPostgres, openSqlite, startPostgres } from '../support/backends/databases'
import { startRedisNode } from '../support/backends/redis-cluster'
import { payload } from './payload'

const ONE_DAY = 86_400_000
const BYTES = 238

export type Operation = (key: string) => unknown

/** A store's operations, by their names. */
export type Operations = Record<string, Operation>

/** Stores over the same server, what they are measured against, and how to be rid of all. */
export interface Field {
  stores: Record<string, Operations>
  reference: string
  stop: () => Promise<unknown>
}

/** Every field of stores, ours among what is published for the same server. */
export const FIELDS: Record<string, () => Promise<Field>> = {
  async Redis() {
    const server = await startRedisNode()
    const client = await createClient({ url: `redis://127.0.0.1:${server.port}` }).connect()
    const ioredis = new Redis(server.port, '127.0.0.1')
    const rival = koaRedis({ host: '127.0.0.1', port: server.port })
    await once(rival as any, 'ready')
    const stores = {
      'connect-redis': express(new ConnectRedis({ client, prefix: 'connect:' })),
      'koa-redis': plain(rival),
      'RedisStore (redis)': ours(new RedisStore(client, { prefix: 'ours:' })),
      'RedisStore (ioredis)': ours(new RedisStore(ioredis, { prefix: 'other:' })),
    }
    const stop = async (): Promise<unknown> => {
      await Promise.all([client.close(), ioredis.quit(), rival.quit()])
      return server.stop()
    }
    return { stores, reference: 'connect-redis', stop }
  },

  async PostgreSQL() {
    const server = await startPostgres()
    const { db, stop } = connectPostgres(server)
    await createSessionTable(db)
    const pool = new Pool({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres', max: 10 })
    const Rival = connectPgSimple(expressSession)
    const rival = new Rival({ pool, createTableIfMissing: true, pruneSessionInterval: false })
    return {
      stores: { 'connect-pg-simple': express(rival), KyselyStore: ours(new KyselyStore(db)) },
      reference: 'connect-pg-simple',
      stop: () => Promise.all([stop(), pool.end()]).then(() => server.stop()),
    }
  },

  async SQLite() {
    const databases = [openSqlite(), openSqlite()]
    for (const { db } of databases) await createSessionTable(db)
    const [{ db }, direct] = databases
    const stores = {
      'prepared statements': await prepared(),
      KyselyStore: ours(new KyselyStore(db)),
      'KyselyStore, sqlite': ours(new KyselyStore(direct.db, { sqlite: direct.sqlite })),
    }
    const stop = async (): Promise<unknown> => Promise.all(databases.map(async (database) => database.stop()))
    return { stores, reference: 'prepared statements', stop }
  },

  async 'in this process'() {
    const { db, stop } = openSqlite()
    await createSessionTable(db)
    const stores = {
      "express-session's MemoryStore": express(new expressSession.MemoryStore()),
      MemoryStore: ours(new MemoryStore()),
      'KyselyStore on SQLite': ours(new KyselyStore(db)),
    }
    return { stores, reference: "express-session's MemoryStore", stop }
  },
}

/** The share of the reference's calls a second to reach, where one is: by the field, the operation and the store. */
export const TARGETS: Record<string, number> = {
  'Redis, set, RedisStore (redis)': 0.95,
  'Redis, set, RedisStore (ioredis)': 0.95,
  'SQLite, get, KyselyStore, sqlite': 0.6,
  'SQLite, set, KyselyStore, sqlite': 0.6,
  'SQLite, get, then replace, KyselyStore, sqlite': 0.6,
}

/** The same table and the same statements as KyselyStore's, without it and without Kysely. */
async function prepared(): Promise<Operations> {
  const { db, sqlite: database } = openSqlite()
  await createSessionTable(db)
  const read = database.prepare('select record, revision, expire from sessions where id = ? and forget_at > ?')
  const columns = 'record = ?, revision = ?, expire = ?, forget_at = ?, owner = ?'
  const insert = database.prepare(
    `insert into sessions (id, record, revision, expire, forget_at, owner) values (?, ?, ?, ?, ?, ?) on conflict (id) do update set ${columns}`,
  )
  const update = database.prepare(`update sessions set ${columns} where id = ? and revision = ? and forget_at > ?`)
  const touch = database.prepare('update sessions set expire = ?, forget_at = ? where id = ? and forget_at > ?')
  const written = (): unknown[] => {
    const end = Date.now() + ONE_DAY
    return [JSON.stringify({ ...changed(), _expire: end, _maxAge: ONE_DAY }), randomUUID(), end, end, null]
  }
  const get = (key: string): { revision: string; record: unknown } => {
    const row = read.get(key, Date.now()) as { record: string; revision: string }
    return { ...row, record: JSON.parse(row.record) as unknown }
  }
  return {
    set: async (key) => {
      const values = written()
      insert.run(key, ...values, ...values)
    },
    get: async (key) => get(key),
    touch: async (key) => {
      const end = Date.now() + ONE_DAY
      touch.run(end, end, key, Date.now())
    },
    'get, then replace': async (key) => {
      const { changes } = update.run(...written(), key, get(key).revision, Date.now())
      if (changes !== 1) throw new Error('The record was not replaced.')
    },
  }
}

const data = payload(BYTES)
let count = data.count as number
const changed = (): Record<string, unknown> => ({ ...data, count: ++count })

function ours(store: any): Operations {
  const lifetime = { _expire: Date.now() + ONE_DAY, _maxAge: ONE_DAY }
  return {
    set: (key) => store.set(key, { ...changed(), ...lifetime }, ONE_DAY),
    get: (key) => store.get(key),
    touch: (key) => store.touch(key, Date.now() + ONE_DAY, ONE_DAY),
    'get, then replace': async (key) => {
      const { revision } = await store.read(key)
      const { outcome } = await store.replace(key, { ...changed(), ...lifetime }, ONE_DAY, revision)
      if (outcome !== 'written') throw new Error(`The record was not replaced: ${outcome}.`)
    },
  }
}

function plain(store: any): Operations {
  const set = (key: string): unknown => store.set(key, changed(), ONE_DAY)
  return {
    set,
    get: (key) => store.get(key),
    'get, then replace': async (key) => [await store.get(key), await set(key)],
  }
}

function express(store: any): Operations {
  const call = (verb: string, ...args: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) =>
      store[verb](...args, (error: Error | null, found: unknown) => (error ? reject(error) : resolve(found))),
    )
  const cookie = { originalMaxAge: ONE_DAY, maxAge: ONE_DAY, expires: new Date(Date.now() + ONE_DAY), path: '/' }
  const set = (key: string): Promise<unknown> => call('set', key, { ...changed(), cookie })
  return {
    set,
    get: (key) => call('get', key),
    touch: (key) => call('touch', key, { ...data, cookie }),
    'get, then replace': async (key) => [await call('get', key), await set(key)],
  }
}
