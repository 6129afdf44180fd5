import { GlideClient } from '@valkey/valkey-glide'
import Redis from 'ioredis'
import type { Context } from 'koa'
import { RedisStore, type RedisClient } from 'koa-session-service/redis'
import { createClient } from 'redis'
import { payload } from '../../bench/payload'
import { measureRedisBytes } from '../../support/backends/redis-bytes'
import { hasRedis } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'
import { useRedis } from '../../support/backends/use-server'

const LONG = 60_000
const KEY = 'session:r:a'
const OWNERS = ['ann', 'a=b', '100%', 'two\nlines', '%0A', 'ünï', ' ']
const of = (owner: string | undefined, revision?: unknown) => ({ rolling: false, ctx: {} as Context, owner, revision })

/** How each client is made, and let go of. */
const CLIENTS: Record<string, (port: number) => Promise<{ client: RedisClient; close: () => unknown }>> = {
  ioredis: async (port) => {
    const client = new Redis(port)
    return { client, close: () => client.disconnect() }
  },
  redis: async (port) => {
    const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect()
    return { client: client as unknown as RedisClient, close: () => client.destroy() }
  },
  'Valkey GLIDE': async (port) => {
    const client = await GlideClient.createClient({ addresses: [{ host: '127.0.0.1', port }], requestTimeout: LONG })
    return { client: client as unknown as RedisClient, close: () => client.close() }
  },
}

describeWith('Redis', hasRedis)('what RedisStore writes', () => {
  let server: ServerProcess
  let client: Redis
  let store: RedisStore
  useRedis((ready, its) => {
    client = ready
    server = its
    store = new RedisStore(client)
  })
  beforeEach(() => client.flushall())

  /** A record as version 0.1 wrote it. */
  const plantHash = async (owner?: string, text = '{"n":1,"_expire":5}'): Promise<string> => {
    const mark = owner === undefined ? '' : `=${owner}`
    const revision = `ad799590-cd84-4ad7-b1f8-ff3eee21d25b${mark}`
    await client.hset(KEY, { text, revision, expire: String(Date.now() + LONG), owner: mark })
    await client.pexpire(KEY, LONG)
    if (owner !== undefined) await client.zadd(`session:o:${owner}`, Date.now() + LONG, 'a')
    return revision
  }
  const keys = async (): Promise<string[]> => (await client.keys('*')).sort()
  const keysOf = async (owner: string) => (await store.listByOwner(owner)).map(({ key }) => key)

  it('R130: a session takes at most 1.25 times the memory of one of connect-redis, 2 with an owner, 2.5 with a device', async () => {
    const shares = (await measureRedisBytes(server.port, payload(100))).map(({ share }) => share)
    for (const [index, most] of [1, 1.25, 2, 2.5].entries()) expect(shares[index]).toBeLessThanOrEqual(most)
    expect(shares).toHaveLength(4)
  })

  it.each(OWNERS)('R60: the owner %j stands on the first line, and is found again', async (owner) => {
    const created = await store.create('a', { n: 1 }, LONG, of(owner))
    expect(((await client.get(KEY)) as string).split('\n')).toEqual([expect.any(String), '{"n":1}'])
    expect(await keysOf(owner)).toEqual(['a'])
    expect((await store.read('a'))?.revision).toEqual(created?.revision)
    expect(await store.destroyByOwner(owner, { only: 'a', at: { revision: created?.revision } })).toBe(1)
    await store.create('a', { n: 2 }, LONG, of(owner))
    expect(await store.destroy('a')).toBe(true)
    expect(await keys()).toEqual([])
  })

  it.each(OWNERS)('R106: a hash of version 0.1, whose owner is %j, is read, listed and ended', async (owner) => {
    const revision = await plantHash(owner)
    const read = await store.read('a')
    expect(read?.record).toMatchObject({ n: 1 })
    expect(await store.listByOwner(owner)).toMatchObject([{ key: 'a', revision: read?.revision }])
    expect(await store.destroyByOwner(`${owner}2`, { only: 'a' })).toBe(0)
    expect(await store.destroyByOwner(owner, { only: 'a', at: { revision: 'another' } })).toBe(0)
    expect(await store.destroyByOwner(owner, { only: 'a', at: { revision } })).toBe(1)
    await plantHash(owner)
    expect(await store.destroyByOwner(owner)).toBe(1)
    await plantHash(owner)
    expect(await store.destroy('a')).toBe(true)
    expect(await keys()).toEqual([])
  })

  it.each(Object.keys(CLIENTS))('R106: a hash of version 0.1 is read and overwritten by %s', async (name) => {
    const { client: other, close } = await CLIENTS[name](server.port)
    try {
      const through = new RedisStore(other)
      await plantHash('ann')
      expect((await through.read('a'))?.record).toMatchObject({ n: 1 })
      await through.set('a', { n: 2 }, LONG)
      expect((await through.read('a'))?.record).toEqual({ n: 2 })
      expect(await keys()).toEqual([KEY])
    } finally {
      await close()
    }
  })

  it('R106: a hash of version 0.1 is replaced at its revision alone, and is a text then', async () => {
    await plantHash('ann')
    const read = await store.read('a')
    const replace = async (revision: unknown) => store.replace('a', { n: 2 }, LONG, revision, of('bob'))
    expect(await replace('ad799590-cd84-4ad7-b1f8-ff3eee21d25c=ann')).toEqual({ outcome: 'conflict' })
    expect(await client.type(KEY)).toBe('hash')
    expect((await replace(read?.revision)).outcome).toBe('written')
    expect(await client.type(KEY)).toBe('string')
    expect(await keysOf('bob')).toEqual(['a'])
    expect(await keys()).toEqual(['session:o:bob', KEY])
  })

  it('R106: a hash of version 0.1 is touched as it is, so that a process of that version can go on with it', async () => {
    await plantHash('ann')
    const { revision } = (await store.read('a'))!
    const expire = Date.now() + 2 * LONG
    expect(await store.touch('a', expire, 2 * LONG, of('ann', 'another'))).toEqual({ outcome: 'conflict' })
    expect(await store.touch('a', expire, 2 * LONG, of('ann', revision))).toEqual({ outcome: 'written', revision })
    expect(await client.hget(KEY, 'expire')).toBe(String(expire))
    expect(await client.pttl(KEY)).toBeGreaterThan(LONG)
    expect(await store.read('a')).toMatchObject({ record: { n: 1, _expire: expire }, revision })
    expect(await store.destroy('a', { at: { revision, expire: expire + 1 } })).toBe(false)
    expect(await store.destroy('a', { at: { revision, expire } })).toBe(true)
  })

  it('R106: a hash of version 0.1 keeps its key from who creates, and gives way to who sets', async () => {
    await plantHash('ann')
    expect(await store.create('a', { n: 2 }, LONG, of('bob'))).toBeUndefined()
    await store.set('a', { n: 3 }, LONG, of('bob'))
    expect([await keysOf('ann'), await keysOf('bob')]).toEqual([[], ['a']])
    expect(await keys()).toEqual(['session:o:bob', KEY])
  })

  it('R106: a write that keeps a life keeps that of a hash of version 0.1', async () => {
    await plantHash()
    const read = await store.read('a')
    const record = { n: 2, _expire: 7 }
    await store.replace('a', record, 1, read?.revision, { ...of(undefined), keepsLife: true })
    expect((await store.read('a'))?.record).toEqual({ n: 2, _expire: read?.record._expire })
    expect(await client.pttl(KEY)).toBeGreaterThan(LONG / 2)
  })

  async function refusesAllWrites(): Promise<void> {
    const failure = { message: expect.stringContaining('WRONGTYPE') }
    await expect(store.create('a', { n: 1 }, LONG)).rejects.toMatchObject(failure)
    await expect(store.replace('a', { n: 1 }, LONG, 'revision')).rejects.toMatchObject(failure)
    await expect(store.touch('a', 1, LONG)).rejects.toMatchObject(failure)
    await expect(store.destroy('a')).rejects.toMatchObject(failure)
    await expect(store.set('a', { n: 1 }, LONG)).rejects.toMatchObject(failure)
  }

  it('R33: a text that is no session is overwritten by nothing', async () => {
    await client.set(KEY, 'a text')
    await refusesAllWrites()
    expect(await client.get(KEY)).toBe('a text')
  })

  it('R33: a hash that is no session is overwritten, extended and removed by nothing', async () => {
    await client.hset(KEY, 'user', 'ann')
    await refusesAllWrites()
    expect([await client.hgetall(KEY), await client.pttl(KEY)]).toEqual([{ user: 'ann' }, -1])
  })

  it.each([5, 1.5, 1e15, undefined])('R22: a touch moves an end of %p to one of any length', async (expire) => {
    await store.create('a', { text: 'a\nb', _expire: expire }, LONG)
    for (const later of [1e6, 1e6 + 0.5, 2e6, 1e13]) {
      await store.touch('a', later, LONG)
      const end = expire === undefined ? undefined : Math.max(expire, later)
      expect((await store.read('a'))?.record).toEqual({ text: 'a\nb', _expire: end })
      expect(await client.pttl(KEY)).toBeGreaterThan(LONG / 2)
    }
  })
})
