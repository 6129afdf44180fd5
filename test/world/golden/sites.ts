import Redis from 'ioredis'
import type { Kysely } from 'kysely'
import { RecordText, sealed, type SessionOptions, type SessionRecord, type Store } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { RedisStore } from 'koa-session-service/redis'
import { openSqlite } from '../../support/backends/databases'

/** What is at rest: by table or key, in the store's own terms. Undefined where all is in the cookie. */
export type AtRest = Record<string, unknown>

/** A kind of session, with what is behind it. */
export interface Golden {
  options: SessionOptions
  /** How long a text is in it, in words: what a cookie has no room for goes into pieces. */
  words?: number
  dump: () => Promise<AtRest> | AtRest
  restore: (atRest: AtRest) => Promise<void> | void
  stop?: () => Promise<void>
}

const SECRET = 'a secret that is at least thirty-two bytes long'
const owner = (data: object): string | undefined => (data as { user?: string }).user
const inCookie = (options: SessionOptions): Golden => ({ options, dump: () => ({}), restore: () => undefined })

/** Those that need no server. */
export const KINDS: Record<string, () => Promise<Golden> | Golden> = {
  'a cookie': () => inCookie({}),
  'a sealed cookie': () => inCookie({ codec: sealed({ keys: [SECRET] }) }),
  'a sealed cookie in pieces': () => ({
    ...inCookie({ codec: sealed({ keys: [SECRET] }), chunks: 4 }),
    words: 150,
  }),
  'a sealed cookie that is compressed': () => inCookie({ codec: sealed({ keys: [SECRET], compressAbove: 100 }) }),
  'a token of a record as text': () => asText({}),
  'a token with a secret': () => asText({ hashTokens: true }),
  'a row of SQL': inSql,
}

function asText(options: SessionOptions): Golden {
  const text = new RecordText()
  const texts = new Map<string, string>()
  const store: Store = {
    get: (key) => text.parse(texts.get(key) ?? '')?.record,
    set: (key: string, record: SessionRecord) => void texts.set(key, text.stringify(record)),
    destroy: (key) => void texts.delete(key),
  }
  return {
    options: { store, ...options },
    dump: () => Object.fromEntries(texts),
    restore: (atRest) => Object.entries(atRest).forEach(([key, value]) => texts.set(key, value as string)),
  }
}

const TABLES = 'table'
interface Row {
  [column: string]: unknown
}

async function inSql(): Promise<Golden> {
  const { db, stop } = openSqlite()
  await createSessionTable(db)
  return {
    options: { store: new KyselyStore(db), owner },
    dump: async () => {
      const tables = (await db.introspection.getTables()).map(({ name }) => name)
      const rows = await Promise.all(tables.map(async (name) => [name, await rowsOf(db, name)] as const))
      return { [TABLES]: Object.fromEntries(rows) }
    },
    restore: async (atRest) => {
      for (const [name, rows] of Object.entries(atRest[TABLES] as Record<string, Row[]>)) {
        if (rows.length > 0) await db.insertInto(name).values(rows).execute()
      }
    },
    stop,
  }
}

async function rowsOf(db: Kysely<any>, name: string): Promise<Row[]> {
  return db.selectFrom(name).selectAll().execute()
}

/** How each type of Redis' values is read and written. */
const TYPES: Record<string, { read: (redis: Redis, key: string) => Promise<unknown>; write: string }> = {
  hash: { read: async (redis, key) => Object.entries(await redis.hgetall(key)).flat(), write: 'HSET' },
  zset: { read: async (redis, key) => scoresFirst(await redis.zrange(key, '0', '-1', 'WITHSCORES')), write: 'ZADD' },
  string: { read: async (redis, key) => [await redis.get(key)], write: 'SET' },
}

function scoresFirst(found: string[]): string[] {
  return found.flatMap((text, at) => (at % 2 === 0 ? [found[at + 1], text] : []))
}

export function inRedis(redis: Redis): Golden {
  return {
    options: { store: new RedisStore(redis), owner },
    dump: async () => {
      const keys = (await redis.keys('*')).sort()
      const entries = keys.map(async (key) => {
        const type = await redis.type(key)
        return [key, { type, values: await TYPES[type].read(redis, key) }] as const
      })
      return Object.fromEntries(await Promise.all(entries))
    },
    restore: async (atRest) => {
      for (const [key, entry] of Object.entries(atRest)) {
        const { type, values } = entry as { type: string; values: string[] }
        await redis.call(TYPES[type].write, key, ...values)
      }
    },
  }
}
