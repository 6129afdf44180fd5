import type Redis from 'ioredis'
import { sql } from 'kysely'
import { createSessionTable, KyselyStore } from 'koa-session-service/kysely'
import { RedisStore } from 'koa-session-service/redis'
import { openSqlite } from '../../support/backends/databases'
import { hasRedis } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import { useRedis } from '../../support/backends/use-server'

const LIFE = 60_000

describe('ends in a table', () => {
  it('R111: the clean-up of a table of ends deletes those whose time is past, and the log but for its last place', async () => {
    const { db, stop } = openSqlite()
    await createSessionTable(db)
    const store = new KyselyStore(db)
    await store.setEnd('past', { life: -1000 })
    await store.setEnd('kept', { life: LIFE })
    await store.setEnd('*', { life: Infinity })
    await store.deleteExpired()
    const names = await db.selectFrom('sessions_ends').select('name').orderBy('name').execute()
    expect(names.map(({ name }) => name as string)).toEqual(['', '*', 'kept'])
    const { last } = await store.readEnds([])
    await db
      .updateTable('sessions_ends_log')
      .set({ position: sql`position - 7200000000` })
      .execute()
    await store.deleteExpired()
    const places = await db.selectFrom('sessions_ends_log').select('name').execute()
    expect(places.map(({ name }) => name as string)).toEqual(['*'])
    expect((await store.readEnds([])).last).toEqual(last)
    await stop()
  })

  it('R110: a table of ends that was emptied begins anew, and says so', async () => {
    const { db, stop } = openSqlite()
    await createSessionTable(db)
    const store = new KyselyStore(db)
    const { born, last } = await store.readEnds([])
    await store.setEnd('a', { life: LIFE })
    await db.deleteFrom('sessions_ends').execute()
    await db.deleteFrom('sessions_ends_log').execute()
    const answer = await store.readEnds(['a'], { after: last })
    expect(answer.born).toBeGreaterThan(born)
    expect(answer.found).toEqual([undefined])
    await stop()
  })
})

describeWith('Redis', hasRedis)('ends in Redis', () => {
  let redis: Redis
  useRedis((ready) => (redis = ready))

  it('R111: an end in Redis is forgotten after its life, and one for good is kept', async () => {
    const store = new RedisStore(redis, { prefix: 'life:' })
    await store.setEnd('short', { life: 30 })
    await store.setEnd('long', { life: LIFE })
    await store.setEnd('*', { life: Infinity })
    while ((await store.readEnds(['short'])).found[0]) await new Promise((resolve) => setTimeout(resolve, 10))
    // An answer counts it no more, and the next one has forgotten it.
    await store.readEnds([])
    expect((await redis.hkeys('life:{ends}')).sort()).toEqual(['', '*', 'long'])
    expect(await redis.zrange('life:{ends}:due', '0', '-1')).toEqual(['long'])
    const found = (await store.readEnds(['short', 'long', '*'])).found.map((end) => end !== undefined)
    expect(found).toEqual([false, true, true])
  })

  it('R111: an end in Redis keeps the longer of two lives, and one that is for good stays for good', async () => {
    const store = new RedisStore(redis, { prefix: 'longer:' })
    await store.setEnd('a', { life: LIFE })
    await store.setEnd('a', { life: 1 })
    await store.setEnd('b', { life: Infinity })
    await store.setEnd('b', { life: 1 })
    await store.setEnd('c', { life: 1 })
    await store.setEnd('c', { life: Infinity })
    await new Promise((resolve) => setTimeout(resolve, 20))
    await store.readEnds([])
    const { found } = await store.readEnds(['a', 'b', 'c'])
    expect(found.map((end) => end !== undefined)).toEqual([true, true, true])
    const { was } = (await store.setEnd('a', { life: 1 })) ?? {}
    expect(was).toBeDefined()
  })

  it('R111: an end in Redis that is past counts no more, also before it is forgotten', async () => {
    const store = new RedisStore(redis, { prefix: 'past:' })
    await store.setEnd('a', { life: 1, later: true })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await redis.hexists('past:{ends}', 'a')).toBe(1)
    const set = await store.setEnd('a', { life: LIFE })
    expect([set?.was, set?.end.later]).toEqual([undefined, undefined])
  })

  it('R110: an end is refused by Redis at maxmemory, and nothing of it is there', async () => {
    const store = new RedisStore(redis, { prefix: 'full:' })
    const before = await store.readEnds([])
    await redis.config('SET', 'maxmemory', '1')
    try {
      await expect(store.setEnd('a', { life: LIFE })).rejects.toThrow(/OOM/)
      const { last, found } = await store.readEnds(['a'])
      expect([last, found]).toEqual([before.last, [undefined]])
    } finally {
      await redis.config('SET', 'maxmemory', '0')
    }
    expect(await store.setEnd('a', { life: LIFE })).toBeDefined()
  })
})
