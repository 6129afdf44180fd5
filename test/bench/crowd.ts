import { sql } from 'kysely'
import { MemoryStore, type Store } from 'koa-session-service'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { randomUUID } from 'node:crypto'
import { openSqlite } from '../support/backends/databases'
import { payload } from './payload'

/** How long the sessions of a crowd's JSON is. */
export const CROWD_BYTES = 238
const ONE_DAY = 86_400_000

/** A store in which the sessions of visitors are few among others. */
export interface Crowd {
  store: Store
  /** Adds so many sessions of nobody. */
  add: (count: number) => Promise<void>
  stop: () => Promise<void>
}

export const CROWDS: Record<string, (max: number) => Promise<Crowd>> = {
  async SQLite() {
    const { db, stop } = openSqlite()
    await createSessionTable(db)
    let from = 0
    async function add(count: number): Promise<void> {
      if (count === 0) return
      await sql`insert into sessions (id, record, revision, expire, forget_at, owner)
        with recursive numbers (number) as (select ${from} union all select number + 1 from numbers
          where number + 1 < ${from + count})
        select lower(hex(randomblob(16))), record, revision, expire, forget_at, owner
        from numbers, (select * from sessions limit 1)`.execute(db)
      from += count
    }
    return { store: new KyselyStore(db), add, stop }
  },

  async MemoryStore(max) {
    const store = new MemoryStore({ max })
    const record = { ...payload(CROWD_BYTES), _expire: Date.now() + ONE_DAY, _maxAge: ONE_DAY }
    async function add(count: number): Promise<void> {
      for (let made = 0; made < count; made++) store.set(randomUUID(), record, ONE_DAY)
    }
    return { store, add, stop: async () => undefined }
  },
}
