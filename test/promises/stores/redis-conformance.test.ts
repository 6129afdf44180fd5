import Redis, { type Cluster } from 'ioredis'
import Valkey from 'iovalkey'
import { RedisStore, type RedisClient } from 'koa-session-service/redis'
import { describeSessionStore } from 'koa-session-service/testing'
import { createClient, createCluster, RESP_TYPES } from 'redis'
import { hasRedis, startRedisCluster, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'

const capabilities = ['conditional', 'touch', 'owner', 'ends'] as const

describeWith('Redis', hasRedis)('one Redis server', () => {
  let server: ServerProcess
  let ioredis: Redis
  let nodeRedis: ReturnType<typeof createClient>
  let texts: Redis
  let prefixed: Redis
  let iovalkey: Valkey
  let resp3: RedisClient & { destroy: () => unknown }

  beforeAll(async () => {
    server = await startRedisNode()
    ioredis = new Redis(server.port)
    nodeRedis = createClient({ url: `redis://127.0.0.1:${server.port}` })
    await nodeRedis.connect()
    prefixed = new Redis(server.port, { keyPrefix: 'app:' })
    iovalkey = new Valkey(server.port)
    texts = new Redis(server.port, { stringNumbers: true })
    resp3 = await createClient({ url: `redis://127.0.0.1:${server.port}`, RESP: 3 }).connect()
  })
  afterAll(async () => {
    ioredis.disconnect()
    texts.disconnect()
    prefixed.disconnect()
    iovalkey.disconnect()
    nodeRedis.destroy()
    resp3.destroy()
    await server.stop()
  })

  describeSessionStore('RedisStore by ioredis', () => ({ store: new RedisStore(ioredis) }), { capabilities })
  describeSessionStore('RedisStore by redis', () => ({ store: new RedisStore(nodeRedis) }), { capabilities })

  describeSessionStore(
    'RedisStore by redis with Buffers',
    () => ({ store: new RedisStore(nodeRedis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })) }),
    { capabilities },
  )
  describeSessionStore('RedisStore by ioredis with numbers as texts', () => ({ store: new RedisStore(texts) }), {
    capabilities,
  })
  describeSessionStore('RedisStore by ioredis with a prefix', () => ({ store: new RedisStore(prefixed) }), {
    capabilities,
  })
  describeSessionStore('RedisStore by iovalkey', () => ({ store: new RedisStore(iovalkey) }), { capabilities })
  describeSessionStore('RedisStore by redis with RESP3', () => ({ store: new RedisStore(resp3) }), { capabilities })

  it('R62: a RedisStore goes on after the server has forgotten its scripts', async () => {
    const store = new RedisStore(ioredis)
    await store.create('flushed', { a: 1 }, 60_000)
    await ioredis.script('FLUSH')
    const found = await store.read('flushed')
    expect(await store.replace('flushed', { a: 2 }, 60_000, found?.revision)).toMatchObject({ outcome: 'written' })
  })
})

describeWith('Redis', hasRedis)('a Redis cluster of three masters', () => {
  let stop: () => Promise<void>
  let ioredis: Cluster
  let nodeRedis: { destroy: () => unknown }
  let iovalkey: InstanceType<typeof Valkey.Cluster>

  beforeAll(async () => {
    const cluster = await startRedisCluster()
    stop = cluster.stop
    ioredis = cluster.connect()
    const rootNodes = cluster.nodes.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` }))
    nodeRedis = await createCluster({ rootNodes }).connect()
    iovalkey = new Valkey.Cluster(cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port })))
  })
  afterAll(async () => {
    ioredis.disconnect()
    iovalkey.disconnect()
    nodeRedis.destroy()
    await stop()
  })

  describeSessionStore('RedisStore by ioredis on a cluster', () => ({ store: new RedisStore(ioredis) }), {
    capabilities,
  })
  describeSessionStore('RedisStore by iovalkey on a cluster', () => ({ store: new RedisStore(iovalkey) }), {
    capabilities,
  })
  describeSessionStore(
    'RedisStore by redis on a cluster',
    () => ({ store: new RedisStore(nodeRedis as unknown as RedisClient) }),
    { capabilities },
  )
})
