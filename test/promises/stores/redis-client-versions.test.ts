import { setTimeout } from 'node:timers/promises'
import { GlideClient, GlideClusterClient } from '@valkey/valkey-glide'
import Ioredis5 from 'ioredis5'
import type { BusMessage } from 'koa-session-service'
import { RedisBus, RedisStore, type RedisClient } from 'koa-session-service/redis'
import { describeSessionStore } from 'koa-session-service/testing'
import { createClient as createClient4 } from 'redis4'
import { createClient as createClient5 } from 'redis5'
import { hasRedis, startRedisCluster, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'

/** For a machine that has other things to do: GLIDE gives up after 250 ms otherwise. */
const requestTimeout = 10_000
const capabilities = ['conditional', 'touch', 'owner', 'ends'] as const

interface Connection {
  client: RedisClient
  close: () => unknown
}

/** The clients that people have beside the newest ones of ioredis and redis. */
const CLIENTS: [name: string, connect: (port: number) => Promise<Connection>][] = [
  [
    'ioredis 5',
    async (port) => {
      const client = new Ioredis5(port)
      return { client, close: () => client.disconnect() }
    },
  ],
  [
    'redis 4',
    async (port) => {
      const client = createClient4({ url: `redis://127.0.0.1:${port}` })
      await client.connect()
      return { client: client as unknown as RedisClient, close: async () => client.quit() }
    },
  ],
  [
    'redis 5',
    async (port) => {
      const client = createClient5({ url: `redis://127.0.0.1:${port}` })
      await client.connect()
      return { client: client as unknown as RedisClient, close: () => client.destroy() }
    },
  ],
  [
    'Valkey GLIDE',
    async (port) => {
      const client = await GlideClient.createClient({ addresses: [{ host: '127.0.0.1', port }], requestTimeout })
      return { client, close: () => client.close() }
    },
  ],
]

describeWith('Redis', hasRedis).each(CLIENTS)('a server, by %s', (name, connect) => {
  let connection: Connection
  let stop: () => Promise<void>

  beforeAll(async () => {
    const server = await startRedisNode()
    connection = await connect(server.port)
    stop = async () => {
      await connection.close()
      await server.stop()
    }
  })
  afterAll(async () => stop())

  describeSessionStore(`RedisStore by ${name}`, () => ({ store: new RedisStore(connection.client) }), { capabilities })

  if (name === 'Valkey GLIDE') {
    test('R40: RedisBus by Valkey GLIDE is refused, since it cannot open a second connection', () => {
      expect(() => new RedisBus(connection.client)).toThrow(
        expect.objectContaining({ code: 'ERR_SESSION_OPTIONS', message: expect.stringContaining('"duplicate"') }),
      )
    })
  } else {
    test(`R73: RedisBus by ${name} carries messages to another process`, async () => {
      const [here, there] = [new RedisBus(connection.client), new RedisBus(connection.client)]
      const heard: BusMessage[] = []
      try {
        there.subscribe((message) => heard.push(message))
        // It listens once it has said that something may have been lost.
        while (heard.length === 0) await setTimeout(5)
        await here.publish({ kind: 'ended', session: 'a hash' })
        while (!heard.some(({ kind }) => kind === 'ended')) await setTimeout(5)
        expect(heard.filter(({ kind }) => kind !== 'lost')).toEqual([{ kind: 'ended', session: 'a hash' }])
      } finally {
        await Promise.all([here.close(), there.close()])
      }
    })
  }
})

describeWith('Redis', hasRedis)('a cluster, by Valkey GLIDE', () => {
  let client: GlideClusterClient
  let stop: () => Promise<void>

  beforeAll(async () => {
    const cluster = await startRedisCluster()
    stop = cluster.stop
    const addresses = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }))
    client = await GlideClusterClient.createClient({ addresses, requestTimeout })
  })
  afterAll(async () => {
    client.close()
    await stop()
  })

  describeSessionStore('RedisStore by Valkey GLIDE on a cluster', () => ({ store: new RedisStore(client) }), {
    capabilities,
  })
})
