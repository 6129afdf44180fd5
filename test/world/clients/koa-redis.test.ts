import type Koa from 'koa'
import redisStore, { type RedisStore } from 'koa-redis'
import koaSession from 'koa-session'
import session, { type SessionOptions } from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { hasRedis, startRedisNode } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import type { ServerProcess } from '../../support/backends/server-process'

type Library = (options: SessionOptions, app: Koa) => Koa.Middleware
const ID = /koa\.sess=([^;]+)/

describeWith('redis-server', hasRedis)('koa-redis, a store that was written for koa-session', () => {
  let server: ServerProcess
  let store: RedisStore

  beforeAll(async () => {
    server = await startRedisNode()
    store = redisStore({ host: '127.0.0.1', port: server.port })
  }, 60_000)
  beforeEach(() => store.client.flushall())
  afterAll(async () => {
    await store?.quit()
    await server?.stop()
  })

  /** An app that counts, and does what its path says. */
  function visit(options: SessionOptions = {}, library: Library = session): Visitor {
    const app = createApp()
    app.use(library({ store, ...options }, app))
    app.use(async (ctx) => {
      if (ctx.path === '/leave') ctx.session = null
      else ctx.session.views = (ctx.session.views ?? 0) + 1
      if (ctx.path === '/regenerate') await ctx.session.regenerate()
      ctx.body = ctx.session
    })
    return new Visitor(app)
  }

  function idOf(visitor: Visitor): string {
    return ID.exec(visitor.jar.header)?.[1] ?? ''
  }

  test('R7: a session in koa-redis is created, read and changed', async () => {
    const visitor = visit()
    expect((await visitor.get()).json()).toEqual({ views: 1 })
    expect((await visitor.get()).json()).toEqual({ views: 2 })
    expect(await store.client.keys('*')).toEqual([idOf(visitor)])
  })

  test.each([
    { maxAge: 60_000, least: 60_000, most: 70_000 },
    { maxAge: 'session' as const, least: 86_000_000, most: 86_400_000 },
  ])(
    'D10: the record in koa-redis of a session with the lifetime $maxAge expires by itself',
    async ({ maxAge, least, most }) => {
      const visitor = visit({ maxAge })
      await visitor.get()
      const left = await store.client.pttl(idOf(visitor))
      expect(left).toBeGreaterThan(least)
      expect(left).toBeLessThanOrEqual(most)
    },
  )

  test('R7: a session in koa-redis moves to a new id, and the old one is dead', async () => {
    const visitor = visit()
    await visitor.get()
    const old = visitor.jar.copy()
    const oldId = idOf(visitor)
    expect((await visitor.get('/regenerate')).json()).toEqual({ views: 2 })
    expect(idOf(visitor)).not.toBe(oldId)
    expect(await store.client.keys('*')).toEqual([idOf(visitor)])
    const answer = await visitor.get('/', { cookie: old.header })
    expect(answer.json()).toEqual({ views: 1 })
  })

  test('R7: the record of a session that is ended is gone from koa-redis', async () => {
    const visitor = visit()
    await visitor.get()
    await visitor.get('/leave')
    expect(visitor.jar.header).toBe('')
    expect(await store.client.keys('*')).toEqual([])
  })

  test('R7: a record in koa-redis that nobody can read is no session', async () => {
    const visitor = visit()
    await visitor.get()
    await store.client.set(idOf(visitor), '{"views":1,')
    expect((await visitor.get()).json()).toEqual({ views: 1 })
  })

  test.each<{ title: string; libraries: [Library, Library] }>([
    { title: 'koa-session, then here', libraries: [koaSession as Library, session] },
    { title: 'here, then koa-session', libraries: [session, koaSession as Library] },
  ])('R7: a session in koa-redis goes on with the other library: $title', async ({ libraries: [first, second] }) => {
    const before = visit({ maxAge: 60_000 }, first)
    const after = visit({ maxAge: 60_000 }, second)
    await before.get()
    after.jar.accept((await before.get()).setCookie)
    expect((await after.get('/', { cookie: before.jar.header })).json()).toEqual({ views: 3 })
    expect((await before.get()).json()).toEqual({ views: 4 })
    expect(await store.client.keys('*')).toEqual([idOf(before)])
  })
})
