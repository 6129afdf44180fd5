import { readFileSync } from 'node:fs'
import Redis from 'ioredis'
import { RedisBus, RedisStore } from 'koa-session-service/redis'
import { createClientPool, createSentinel } from 'redis'
import { hasRedis, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'

const LONG = 60_000
const [, COMMAND = ''] = /```text\n(ACL SETUSER [^`]*)```/.exec(readFileSync('docs/stores.md', 'utf8')) ?? []
const WORDS = COMMAND.trim().split(/\s+/)
const RIGHTS = WORDS.filter((word) => word.startsWith('+'))
const OF_THE_BUS = ['+publish', '+subscribe']

const owned = (owner: string) => ({ rolling: false, ctx: {} as never, owner })
let keys = 0

/** Every method of the store, each in every way that sends something else. */
async function useAll(store: RedisStore, admin: Redis): Promise<void> {
  const [first, second, third] = [`id-${keys++}`, `id-${keys++}`, `id-${keys++}`]
  const ann = `ann-${first}`
  await store.create(first, { n: 1 }, LONG, owned(ann))
  await store.create(first, { n: 1 }, LONG, owned(ann))
  await store.set(second, { n: 1 }, LONG, owned(ann))
  await store.set(third, { n: 1 }, LONG)
  await store.get(third)
  const revision = async (key: string): Promise<unknown> => (await store.read(key))?.revision
  await store.replace(first, { n: 2, _expire: 5 }, LONG, await revision(first), { ...owned(ann), keepsLife: true })
  await store.replace(second, { n: 2 }, LONG, await revision(second), owned(`bea-${first}`))
  await store.touch(first, Date.now() + LONG, 2 * LONG, owned(ann))
  // A time of the same length is written over the one before.
  await store.touch(first, Date.now() + 2 * LONG, 3 * LONG, owned(ann))
  await store.setMark(ann)
  await store.readMark(ann)
  await store.listByOwner(ann)
  await store.destroyByOwner(ann, { only: first })
  await store.destroyByOwner(`bea-${first}`)
  await store.destroy(third, { at: { revision: await revision(third), expire: undefined } })
  await store.set(third, { n: 1 }, LONG, owned(ann))
  await store.destroy(third)
  // As version 0.1 wrote it.
  await admin.hset(`session:r:${third}`, { text: '{"n":1}', revision: 'a', expire: '5', owner: '' })
  await store.touch(third, Date.now() + LONG, LONG)
  // An end that is past is forgotten with the next question.
  await store.setEnd('org', { life: 1 })
  const { last } = await store.readEnds(['org'])
  await new Promise((resolve) => setTimeout(resolve, 5))
  await store.readEnds(['org'], { after: last })
}

describeWith('Redis', hasRedis)('an account of Redis with the rights of the page', () => {
  let server: ServerProcess
  let admin: Redis
  let client: Redis
  beforeAll(async () => {
    server = await startRedisNode([])
    admin = new Redis(server.port)
    await admin.call('ACL', ...WORDS.slice(1))
    client = new Redis({ port: server.port, username: 'shop', password: 'password', enableReadyCheck: false })
  })
  afterAll(async () => {
    client.disconnect()
    admin.disconnect()
    await server.stop()
  })

  it('R62: a Redis account with the rights of the page does all that a store and a bus need', async () => {
    expect(RIGHTS.length).toBeGreaterThan(OF_THE_BUS.length)
    await admin.call('SCRIPT', 'FLUSH')
    await useAll(new RedisStore(client), admin)
  })

  it.each(RIGHTS.filter((right) => !OF_THE_BUS.includes(right)))(
    'R62: a Redis account cannot do without %s',
    async (right) => {
      await admin.call('ACL', 'SETUSER', 'shop', right.replace('+', '-'))
      try {
        await admin.call('SCRIPT', 'FLUSH')
        await expect(useAll(new RedisStore(client), admin)).rejects.toThrow(/NOPERM|can't run this command|ACL failure/)
      } finally {
        await admin.call('ACL', 'SETUSER', 'shop', right)
      }
    },
  )

  it('R62: a Redis account with the rights of the bus hears and tells on its channel, and on no other', async () => {
    const [one, other] = [new RedisBus(client), new RedisBus(client)]
    const heard = new Promise((resolve) => {
      other.subscribe((message) => {
        if (message.kind === 'lost') void one.publish({ kind: 'revoked', owner: 'ann' })
        else resolve(message)
      })
    })
    expect(await heard).toEqual({ kind: 'revoked', owner: 'ann' })
    await Promise.all([one.close(), other.close()])
    const may = async (...command: string[]): Promise<boolean> =>
      (await admin.call('ACL', 'DRYRUN', 'shop', ...command)) === 'OK'
    expect(await may('SUBSCRIBE', 'session:bus')).toBe(true)
    expect(await may('SUBSCRIBE', 'another')).toBe(false)
    expect(await may('GET', 'another:key')).toBe(false)
    for (const right of OF_THE_BUS) await admin.call('ACL', 'SETUSER', 'shop', right.replace('+', '-'))
    expect(await may('SUBSCRIBE', 'session:bus')).toBe(false)
    await expect(new RedisBus(client).publish({ kind: 'lost' })).rejects.toThrow('NOPERM')
  })

  it('R62: a Redis account waits for replicas with +wait besides', async () => {
    const store = new RedisStore(client, { waitForReplicas: { count: 1, timeout: 5 } })
    await expect(store.set('id', { n: 1 }, LONG)).rejects.toThrow('NOPERM')
    await admin.call('ACL', 'SETUSER', 'shop', '+wait')
    await expect(store.set('id', { n: 1 }, LONG)).rejects.toMatchObject({ code: 'ERR_SESSION_STORE' })
  })
})

describe('a client of redis that cannot serve', () => {
  const CODED = { code: 'ERR_SESSION_OPTIONS' }

  it('R38: createSentinel() is refused when the store is made, with the client to take', () => {
    const sentinel = createSentinel({ name: 'main', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] })
    for (const make of [(client: never) => new RedisStore(client), (client: never) => new RedisBus(client)]) {
      expect(() => make(sentinel as never)).toThrow(expect.objectContaining(CODED) as Error)
      expect(() => make(sentinel as never)).toThrow('ioredis')
    }
  })

  it('R38: createClientPool() is refused for a bus: it subscribes to nothing', () => {
    const pool = createClientPool()
    expect(() => new RedisStore(pool as never)).not.toThrow()
    expect(() => new RedisBus(pool as never)).toThrow(expect.objectContaining(CODED) as Error)
  })
})
