import Redis from 'ioredis'
import { RedisStore, type RedisClient } from 'koa-session-service/redis'
import { describeSessionStore } from 'koa-session-service/testing'
import { createClient, createCluster } from 'redis'
import { hasRedis, startRedisCluster, startRedisPair } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import { createSessionApp } from '../../support/app/session-app'
import type { ServerProcess } from '../../support/backends/server-process'

const LONG = 60_000
const capabilities = ['conditional', 'touch', 'owner', 'ends'] as const
const waitForReplicas = { count: 1, timeout: 5000 }

describeWith('Redis', hasRedis)('waitForReplicas, on a server with a replica', () => {
  let master: ServerProcess
  let replica: ServerProcess
  let ioredis: Redis
  let nodeRedis: ReturnType<typeof createClient>

  beforeAll(async () => {
    ;({ master, replica } = await startRedisPair())
    ioredis = new Redis(master.port)
    nodeRedis = createClient({ url: `redis://127.0.0.1:${master.port}` })
    await nodeRedis.connect()
  })
  afterAll(async () => {
    ioredis.disconnect()
    nodeRedis.destroy()
    for (const server of [replica, master]) await server.stop()
  })

  describeSessionStore(
    'RedisStore by ioredis, waiting',
    () => ({ store: new RedisStore(ioredis, { waitForReplicas }) }),
    {
      capabilities,
    },
  )
  describeSessionStore(
    'RedisStore by redis, waiting',
    () => ({ store: new RedisStore(nodeRedis, { waitForReplicas }) }),
    {
      capabilities,
    },
  )

  it.each([
    ['ioredis', () => ioredis],
    ['redis', () => nodeRedis],
  ])('R44: each write that no replica confirms fails, by %s, and says what to do', async (_name, getClient) => {
    const impatient = { waitForReplicas: { count: 2, timeout: 20 } }
    const [store, waiting] = [new RedisStore(getClient()), new RedisStore(getClient(), impatient)]
    const created = await store.create('unconfirmed', { a: 1 }, LONG)
    const failure = { code: 'ERR_SESSION_STORE', status: 503, message: expect.stringContaining('"waitForReplicas"') }
    const replacing = waiting.replace('unconfirmed', { a: 2 }, LONG, created?.revision)
    await expect(replacing).rejects.toMatchObject(failure)
    await expect(waiting.touch('unconfirmed', 5, LONG)).rejects.toMatchObject(failure)
    await expect(waiting.set('unconfirmed', { a: 3 }, LONG)).rejects.toMatchObject(failure)
    await expect(waiting.destroy('unconfirmed')).rejects.toMatchObject(failure)
    await expect(waiting.create('unconfirmed', { a: 4 }, LONG)).rejects.toMatchObject(failure)
    expect(await waiting.get('unconfirmed')).toEqual({ a: 4 })
  })

  it('R44: a new session that no replica confirms is not acknowledged, although the master has it', async () => {
    const store = new RedisStore(ioredis, { waitForReplicas: { count: 2, timeout: 20 } })
    const visitor = createSessionApp({ store, hashTokens: true }).visitor()
    expect(await visitor.get('/set?user=ann')).toMatchObject({ status: 503, setCookie: [] })
  })

  it.each([{ count: 0, timeout: 1 }, { count: 1, timeout: 0 }, { count: 1.5, timeout: 1 }, {}])(
    'R38: waitForReplicas does not take %p',
    (wrong) => {
      expect(() => new RedisStore(ioredis, { waitForReplicas: wrong as never })).toThrow(
        expect.objectContaining({ code: 'ERR_SESSION_OPTIONS', message: expect.stringContaining('"waitForReplicas"') }),
      )
    },
  )
})

describeWith('Redis', hasRedis)('waitForReplicas, on a cluster of three masters with a replica each', () => {
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>
  const clients: Record<string, RedisClient> = {}
  const closing: (() => unknown)[] = []

  beforeAll(async () => {
    cluster = await startRedisCluster({ replicas: 1 })
    const ioredis = cluster.connect()
    const rootNodes = cluster.nodes.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` }))
    const nodeRedis = await createCluster({ rootNodes }).connect()
    Object.assign(clients, { ioredis, nodeRedis })
    closing.push(
      () => ioredis.disconnect(),
      () => nodeRedis.destroy(),
    )
  })
  afterAll(async () => {
    for (const close of closing) close()
    await cluster.stop()
  })

  for (const name of ['ioredis', 'nodeRedis']) {
    const title = `RedisStore by ${name} on a cluster, waiting`
    describeSessionStore(title, () => ({ store: new RedisStore(clients[name], { waitForReplicas }) }), { capabilities })
  }
})
