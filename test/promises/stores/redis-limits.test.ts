import Redis, { type Cluster } from 'ioredis'
import type { SessionError } from 'koa-session-service'
import { RedisStore } from 'koa-session-service/redis'
import { dataOf, newOwner, OwnedApp, type OwnedVerb } from '../../support/owners/owned-app'
import { hasRedis, startRedisCluster } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import { useRedis } from '../../support/backends/use-server'

const LONG = 60_000
const MAX_MEMORY = 8_000_000
/** More small records than that memory holds. */
const MANY = 10_000

describeWith('Redis', hasRedis)('RedisStore on a server that is full', () => {
  let client: Redis
  useRedis((ready) => (client = ready), ['--maxmemory', String(MAX_MEMORY), '--maxmemory-policy', 'noeviction'])

  const usedMemory = async (): Promise<number> => Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
  const outcomes = async (work: (n: number) => Promise<unknown>, count: number): Promise<string[]> => {
    const found: string[] = []
    for (let n = 0; n < count; n++) {
      found.push(await work(n).then(String, (error: Error) => (error.message.includes('OOM') ? 'full' : error.message)))
    }
    return found
  }

  it('R62: RedisStore on a full server refuses what would need more memory, also for a record or an index that is there', async () => {
    const store = new RedisStore(client)
    const small = { note: 'x'.repeat(1000) }
    const large = { note: 'x'.repeat(60_000) }
    const owner = { rolling: false, ctx: {} as never, owner: 'ann' }
    let count = 0
    const fill = async (): Promise<unknown> => store.set(`id-${count}`, small, LONG, owner)
    while (count < MANY && (await outcomes(fill, 1))[0] !== 'full') count++
    expect(count).toBeLessThan(MANY)
    // What is needed to be full for every write, small or large.
    await client.config('SET', 'maxmemory', String((await usedMemory()) - 200_000))
    const before = await usedMemory()
    expect(new Set(await outcomes(async (n) => store.set(`id-${n}`, large, LONG), 100))).toEqual(new Set(['full']))
    const revision = (await store.read('id-1'))?.revision
    const writes = [
      async () => store.replace('id-1', large, LONG, revision, owner),
      async () => store.create('new', small, LONG),
      async () => store.set('id-2', large, LONG, owner),
    ]
    for (const write of writes) expect(await outcomes(write, 1)).toEqual(['full'])
    // A connection's buffers are as large as two of the hundred that were refused.
    expect(await usedMemory()).toBeLessThan(before + 200_000)
    expect(await store.get('id-1')).toEqual(small)
    expect(await store.destroy('id-1')).toBe(true)
  })

  it('R90: RedisStore on a full server refuses to note that an owner was ended, and all sessions there are ended all the same', async () => {
    await client.config('SET', 'maxmemory', '0')
    await client.flushall()
    const site = new OwnedApp({ store: new RedisStore(client), verbs: { end: endAll } })
    const alice = newOwner()
    const [phone, laptop, keeper] = [await site.signedIn(alice), await site.signedIn(alice), await site.signedIn(alice)]
    const bob = await site.signedIn(newOwner('bob'))
    await client.config('SET', 'maxmemory', '1')
    const answer = await keeper.get('/end')
    await client.config('SET', 'maxmemory', '0')
    expect(answer.json()).toMatchObject({ code: 'ERR_SESSION_STORE', status: 503 })
    expect(answer.body).toContain('ended 2 sessions')
    expect(answer.body).toContain('sign-ins that are under way may live')
    expect([await dataOf(phone), await dataOf(laptop)]).toEqual([{}, {}])
    expect((await dataOf(keeper)).user).toBe(alice)
    expect((await dataOf(bob)).user).toBeDefined()
    const told = (await site.eventsOf('revoked')).map(({ detail }) => detail.reason)
    expect(told).toEqual(['all', 'all'])
  })
})

const endAll: OwnedVerb = async (ctx, sessions) => {
  const ending = sessions.revokeOthers(ctx)
  const { code, status, message } = (await ending.catch((error: SessionError) => error)) as SessionError
  return { code, status, message }
}

describeWith('Redis', hasRedis)('what RedisStore checks first', () => {
  let client: Redis
  useRedis((ready) => (client = ready))
  beforeEach(() => client.flushall())

  it.each([1e20, NaN, Infinity, '5', undefined])(
    'R61: a life of %p is refused by RedisStore before anything is written',
    async (life) => {
      const store = new RedisStore(client)
      const owner = { rolling: false, ctx: {} as never, owner: 'ann' }
      const refusal = { code: 'ERR_SESSION_BAD_VALUE', message: expect.stringContaining('milliseconds') }
      const maxAge = life as number
      await expect(store.set('a', {}, maxAge, owner)).rejects.toMatchObject(refusal)
      await expect(store.create('a', {}, maxAge, owner)).rejects.toMatchObject(refusal)
      await expect(store.replace('a', {}, maxAge, 'revision', owner)).rejects.toMatchObject(refusal)
      await expect(store.touch('a', 1, maxAge, owner)).rejects.toMatchObject(refusal)
      expect(await client.keys('*')).toEqual([])
    },
  )

  it('R61: every record of RedisStore has a TTL, also one of a fraction of a millisecond', async () => {
    const store = new RedisStore(client)
    await store.set('a', {}, LONG + 0.5)
    await store.touch('a', undefined, 2 * LONG + 0.25)
    expect(await client.pttl('session:r:a')).toBeGreaterThan(LONG)
  })
})

describeWith('Redis', hasRedis)('a cluster whose slots the client has wrong', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>
  let client: Cluster
  beforeAll(async () => {
    cluster = await startRedisCluster({ replicas: 1 })
    client = cluster.connect()
  })
  afterAll(async () => {
    client.disconnect()
    await cluster.stop()
  })

  it.each([undefined, { count: 1, timeout: 5000 }])(
    'R44: the writes to a cluster go where the key is, though the client has its slots wrong, with waitForReplicas %p',
    async (waitForReplicas) => {
      const store = new RedisStore(client, { waitForReplicas })
      const owner = { rolling: false, ctx: {} as never, owner: 'ann' }
      await store.set('warm-up', {}, LONG, owner)
      for (let n = 0; n < 10; n++) {
        const slots = (client as unknown as { slots: string[][] }).slots
        // As after a fail-over that the client has not heard of.
        slots.unshift(...slots.splice(6000))
        const created = await store.create(`id-${waitForReplicas?.count}-${n}`, { n }, LONG, owner)
        slots.unshift(...slots.splice(6000))
        const key = `id-${waitForReplicas?.count}-${n}`
        expect(await store.replace(key, { n: -n }, LONG, created?.revision, owner)).toMatchObject({
          outcome: 'written',
        })
      }
    },
  )
})
