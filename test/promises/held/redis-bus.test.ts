import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import Redis, { type Cluster } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { LayeredStore, type BusMessage, type SessionOptions } from 'koa-session-service'
import { RedisBus, RedisStore, type RedisClient } from 'koa-session-service/redis'
import { createClient, createCluster } from 'redis'
import { createSessionApp } from '../../support/app/session-app'
import { endOf, hold, NEVER } from '../../support/app/held'
import { hasRedis, startRedisCluster, startRedisNode } from '../../support/backends/redis-cluster'
import { isWanted } from '../../support/backends/require-server'
import { findProgram, type ServerProcess } from '../../support/backends/server-process'

const describeWithRedis = isWanted('Redis', hasRedis) ? describe : describe.skip

interface Connected {
  client: RedisClient
  close: () => unknown
}

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A bus, and whatever it hears; it listens when this returns. */
async function listening(client: RedisClient, options?: { channel: string }) {
  const bus = new RedisBus(client, options)
  closing.push(() => bus.close())
  const heard: BusMessage[] = []
  const waiting = new Set<() => void>()
  bus.subscribe((message) => {
    heard.push(message)
    for (const check of waiting) check()
  })
  const hears = (kind: BusMessage['kind'], count = 1): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (heard.filter((message) => message.kind === kind).length < count) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      check()
    })
  await hears('lost')
  return { bus, heard, hears }
}

/** Does it after so many steps of waiting work, within the same turn of the event loop. */
async function afterSteps<T>(steps: number, work: () => T): Promise<Awaited<T>> {
  for (let step = 0; step < steps; step++) await Promise.resolve()
  return await work()
}

const ENDED: BusMessage = { kind: 'ended', session: 'a hash' }

describeWithRedis('RedisBus', () => {
  let server: ServerProcess
  let cluster: Awaited<ReturnType<typeof startRedisCluster>>

  beforeAll(async () => {
    server = await startRedisNode()
    cluster = await startRedisCluster()
  })

  afterAll(async () => {
    await server.stop()
    await cluster.stop()
  })

  const CLIENTS: Record<string, () => Promise<Connected>> = {
    ioredis: async () => {
      const client = new Redis(server.port)
      return { client, close: () => client.disconnect() }
    },
    'ioredis that connects lazily and queues nothing': async () => {
      const client = new Redis(server.port, { lazyConnect: true, enableOfflineQueue: false })
      await client.connect()
      return { client, close: () => client.disconnect() }
    },
    iovalkey: async () => {
      const client = new Valkey(server.port)
      return { client: client as unknown as RedisClient, close: () => client.disconnect() }
    },
    redis: async () => {
      const client = await createClient({ url: `redis://127.0.0.1:${server.port}` }).connect()
      return { client: client as unknown as RedisClient, close: () => client.destroy() }
    },
    'an ioredis cluster': async () => {
      const client: Cluster = cluster.connect()
      return { client, close: () => client.disconnect() }
    },
    'a redis cluster': async () => {
      const rootNodes = cluster.nodes.map(({ port }) => ({ url: `redis://127.0.0.1:${port}` }))
      const client = await createCluster({ rootNodes }).connect()
      return { client: client as unknown as RedisClient, close: () => client.destroy() }
    },
  }

  it.each(Object.keys(CLIENTS))('R72: RedisBus carries messages between processes: %s', async (name) => {
    const [one, other] = [await CLIENTS[name](), await CLIENTS[name]()]
    closing.push(one.close, other.close)
    const [here, there] = [await listening(one.client), await listening(other.client)]
    const elsewhere = await listening(other.client, { channel: 'another' })
    const messages: BusMessage[] = [
      { kind: 'written', session: 'a', generation: 1 },
      { kind: 'rotated', session: 'a', generation: 2 },
      { kind: 'revoked', owner: 'o' },
      ENDED,
    ]
    for (const message of messages) await here.bus.publish(message)
    for (const { kind } of messages) await there.hears(kind)
    const told = ({ heard }: { heard: BusMessage[] }) => heard.filter(({ kind }) => kind !== 'lost')
    // Through a cluster's client, each may take another way.
    expect(told(there)).toHaveLength(messages.length)
    expect(told(there)).toEqual(expect.arrayContaining(messages))
    await there.bus.publish({ kind: 'ended', session: 'b' })
    await here.hears('ended', 2)
    // Its own messages reach a listener once.
    expect(told(here)).toEqual([...messages, { kind: 'ended', session: 'b' }])
    expect(told(elsewhere)).toEqual([])
  })

  it('R72: messages that are published at once are one on the channel, and each of them is heard', async () => {
    const client = new Redis(server.port)
    const listener = new Redis(server.port)
    closing.push(
      () => client.disconnect(),
      () => listener.disconnect(),
    )
    const texts: string[] = []
    listener.on('message', (_channel, text: string) => void texts.push(text))
    await listener.subscribe('session:bus')
    const [here, there] = [await listening(client), await listening(client)]
    const revoked: BusMessage = { kind: 'revoked', owner: 'o' }
    await Promise.all([
      here.bus.publish(ENDED),
      here.bus.publish(revoked),
      afterSteps(2, () => here.bus.publish(ENDED)),
    ])
    await here.bus.publish({ kind: 'written', session: 'last' })
    await there.hears('written')
    while (texts.length < 2) await new Promise(setImmediate)
    expect(texts).toHaveLength(2)
    const messages = [ENDED, revoked, ENDED, { kind: 'written', session: 'last' }]
    for (const { heard } of [here, there]) expect(heard.filter(({ kind }) => kind !== 'lost')).toEqual(messages)
  })

  it('R72: RedisBus leaves out what is no message', async () => {
    const client = new Redis(server.port)
    closing.push(() => client.disconnect())
    const { heard, hears } = await listening(client)
    const nonsense = [
      '',
      'x',
      'null',
      '[]',
      '{}',
      '{"kind":"ended"}',
      '{"kind":"lost"}',
      '{"kind":"ended","session":5}',
      '{"messages":[]}',
      '{"messages":[null,5,{"kind":"ended"}]}',
    ]
    for (const text of nonsense) await client.publish('session:bus', text)
    await client.publish('session:bus', JSON.stringify(ENDED))
    await hears('ended')
    expect(heard.filter(({ kind }) => kind !== 'lost')).toEqual([ENDED])
  })

  it('R72: a RedisBus that is closed is so for good: its connection ends, the client stays', async () => {
    const client = new Redis(server.port)
    closing.push(() => client.disconnect())
    const connections = async () => Number(/connected_clients:(\d+)/.exec(await client.info('clients'))?.[1])
    const before = await connections()
    const { bus } = await listening(client)
    expect(await connections()).toBe(before + 1)
    await bus.close()
    while ((await connections()) > before) await new Promise(setImmediate)
    expect(() => bus.subscribe(() => undefined)).toThrow('was closed')
  })

  it('R38: RedisBus takes a client that can be doubled, and a channel', () => {
    expect(() => new RedisBus({} as RedisClient)).toThrow('ready client')
    expect(() => new RedisBus({ call: async () => undefined })).toThrow('"duplicate"')
    const client = new Redis(server.port, { lazyConnect: true })
    expect(() => new RedisBus(client, { channel: '' })).toThrow('"channel"')
  })

  it.each(['ioredis', 'redis'])(
    'R72: R73: messages that were lost while Redis was away are made good: %s',
    async (name) => {
      const lonely = await startRedisNode(['--appendonly', 'yes'])
      closing.push(() => lonely.stop())
      const connect = async (): Promise<Connected> => {
        if (name === 'ioredis') {
          const client = new Redis(lonely.port)
          client.on('error', () => undefined)
          return { client, close: () => client.disconnect() }
        }
        const client = createClient({ url: `redis://127.0.0.1:${lonely.port}` })
        client.on('error', () => undefined)
        await client.connect()
        return { client: client as unknown as RedisClient, close: () => client.destroy() }
      }
      const { client, close } = await connect()
      closing.push(close)
      const { bus, heard, hears } = await listening(client)
      const options: SessionOptions = { store: new RedisStore(client), recheckEvery: NEVER, bus }
      const { sessions, visitor } = createSessionApp(options)
      const ann = visitor()
      await ann.get('/set?n=1')
      const held = await hold(sessions, ann)
      const layered = new LayeredStore(new RedisStore(client), { bus, maxStale: NEVER })
      await layered.read(held.id as string, { rolling: false, ctx: {} as never })
      await lonely.kill()
      await lonely.restart()
      const told = heard.filter(({ kind }) => kind === 'lost').length
      // Ended by somebody who tells nobody.
      const redis = (...command: string[]): void =>
        void execFileSync(findProgram('redis-cli') as string, ['-p', String(lonely.port), ...command])
      redis('DEL', `session:r:${held.id}`)
      // Where the bus was faster than this, it has looked before the session was ended: it loses its connection once more.
      redis('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await hears('lost', told + 1)
      expect(await endOf(held.signal)).toBe('The session was ended.')
      expect(await layered.read(held.id as string, { rolling: false, ctx: {} as never })).toBeUndefined()
      layered.close()
    },
  )

  it('R72: a request is served where nothing can be published, and that is told', async () => {
    const lonely = await startRedisNode()
    closing.push(() => lonely.stop())
    const client = new Redis(lonely.port, { maxRetriesPerRequest: 0, retryStrategy: () => 20 })
    client.on('error', () => undefined)
    closing.push(() => client.disconnect())
    const shared = new Redis(server.port)
    closing.push(() => shared.disconnect())
    const { bus } = await listening(client)
    const { app, sessions, visitor } = createSessionApp({ store: new RedisStore(shared), recheckEvery: NEVER, bus })
    const reported = once(app, 'session:error') as Promise<[{ session: string; error: { code: string } }]>
    const ann = visitor()
    await ann.get('/set?n=1')
    const held = await hold(sessions, ann)
    await lonely.kill()
    expect((await ann.get('/logout')).status).toBe(200)
    // This process hears of it all the same.
    expect(await endOf(held.signal)).toBe('The session was ended.')
    const [{ session, error }] = await reported
    expect(error.code).toBe('ERR_SESSION_BUS')
    expect(session).not.toContain(held.id as string)
  })
})

describeWithRedis('two processes over Redis', () => {
  let server: ServerProcess
  const clients: Redis[] = []

  beforeAll(async () => {
    server = await startRedisNode()
  })

  afterAll(async () => {
    for (const client of clients) client.disconnect()
    await server.stop()
  })

  const owner: SessionOptions['owner'] = (data) => (data as { user?: string }).user

  async function openProcess(storeOf: (client: Redis, bus: RedisBus) => SessionOptions) {
    const client = new Redis(server.port)
    clients.push(client)
    const { bus, hears } = await listening(client)
    return { ...createSessionApp({ owner, recheckEvery: NEVER, ...storeOf(client, bus) }), hears }
  }

  const STORES: Record<string, (client: Redis, bus: RedisBus) => SessionOptions> = {
    'RedisStore and a bus': (client, bus) => ({ store: new RedisStore(client), bus }),
    'LayeredStore with a bus': (client, bus) => ({
      store: new LayeredStore(new RedisStore(client), { bus, maxStale: NEVER }),
    }),
    'LayeredStore with a bus, and the service too': (client, bus) => ({
      store: new LayeredStore(new RedisStore(client), { bus, maxStale: NEVER }),
      bus,
    }),
  }
  const PAIRS = Object.keys(STORES).flatMap((here) => Object.keys(STORES).map((there) => [here, there]))

  it.each(PAIRS)(
    'R72: R73: a process on %s and one on %s see what the other one ends or changes',
    async (first, second) => {
      const [here, there] = [await openProcess(STORES[first]), await openProcess(STORES[second])]
      const ann = here.visitor()
      await ann.get('/set?user=ann&n=1')
      const elsewhere = there.visitor(ann.jar)
      expect((await elsewhere.get('/')).json()).toMatchObject({ n: '1' })
      const held = await hold(there.sessions, ann)
      await ann.get('/set?n=2')
      await there.hears('written')
      expect((await elsewhere.get('/')).json()).toMatchObject({ n: '2' })
      expect(held.signal.aborted).toBe(false)
      await ann.get('/set?user=bob')
      expect(await endOf(held.signal)).toMatch('changed hands')
      const again = await hold(there.sessions, ann)
      await ann.get('/logout')
      expect(await endOf(again.signal)).toBe('The session was ended.')
      expect((await there.visitor(ann.jar.copy()).get('/')).json()).toEqual({})
    },
  )

  it('R41: a message of the bus tells no id, no token and no owner', async () => {
    const { sessions, visitor } = await openProcess(STORES['RedisStore and a bus'])
    const listener = new Redis(server.port)
    clients.push(listener)
    const texts: string[] = []
    listener.on('message', (_channel, text: string) => void texts.push(text))
    await listener.subscribe('session:bus')
    const ann = visitor()
    await ann.get('/set?user=ann-the-owner')
    const { id } = await hold(sessions, ann)
    const tokens = [ann.jar.values.get('koa.sess') as string]
    await ann.get('/set?n=1')
    await ann.get('/regenerate')
    tokens.push(ann.jar.values.get('koa.sess') as string)
    await ann.get('/logout')
    while (!texts.some((text) => text.includes('ended'))) await new Promise(setImmediate)
    expect(texts.map((text) => (JSON.parse(text) as BusMessage).kind)).toEqual(['written', 'rotated', 'ended'])
    const all = texts.join('\n')
    for (const secret of [id as string, ...tokens, 'ann-the-owner']) {
      expect(all).not.toContain(secret)
      expect(all).not.toContain(secret.split('~').at(-1))
    }
  })
})
