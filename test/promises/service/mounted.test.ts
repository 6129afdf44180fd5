import compose from 'koa-compose'
import type Koa from 'koa'
import type { Context } from 'koa'
import { MemoryStore, session, SessionService, type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { cookieNames } from '../../support/set-cookie'

/** Mounts an app under a path, as koa-mount does: its middleware runs in the context of the app around it. */
function mount(prefix: string, app: Koa): Koa.Middleware {
  const middleware = compose(app.middleware)
  return async (ctx, next) => {
    if (!ctx.path.startsWith(prefix)) return next()
    const { path } = ctx
    ctx.path = path.slice(prefix.length) || '/'
    await middleware(ctx, async () => {
      ctx.path = path
      await next()
    })
    ctx.path = path
  }
}

/** Counts in the session of its own, and tells whose that is. */
function count(property = 'session') {
  return (ctx: Context): void => {
    const own = (ctx as unknown as Record<string, { views?: number; isAdmin?: boolean }>)[property]
    own.views = (own.views ?? 0) + 1
    if (ctx.path === '/admin-only') own.isAdmin = true
    ctx.body = own
  }
}

interface Built {
  app: Koa
  sessions: SessionService
}

describe.each(Object.entries(KOA_VERSIONS))('%s', (_, KoaClass) => {
  const errors: unknown[] = []
  beforeEach(() => void (errors.length = 0))

  function appWith(options: SessionOptions | undefined, keys?: string[]): Built {
    const app = createApp(KoaClass)
    if (keys) app.keys = keys
    app.on('error', (error) => errors.push(error))
    if (!options) return { app, sessions: undefined as never }
    const middleware = session(options, app)
    app.use(middleware)
    return { app, sessions: middleware.sessions }
  }

  test('R97: a mounted app in an app without sessions has sessions of its own', async () => {
    const inner = appWith({})
    inner.app.use(count())
    const outer = appWith(undefined)
    outer.app.use(mount('/admin', inner.app))
    const visitor = new Visitor(outer.app)
    expect(cookieNames(await visitor.get('/admin'))).toEqual(['koa.sess', 'koa.sess.sig'])
    expect((await visitor.get('/admin')).json()).toEqual({ views: 2 })
    expect(errors).toEqual([])
  })

  test('R97: the sessions of a mounted app and of the app around it are two: cookies, stores, options and data', async () => {
    const stores = [new MemoryStore(), new MemoryStore()]
    const inner = appWith({ key: 'admin', store: stores[1], maxAge: 1000 })
    const seen: unknown[] = []
    inner.app.use((ctx, next) => {
      seen.push(ctx.sessionOptions.key, SessionService.of(ctx).options.key)
      return next()
    })
    inner.app.use(count())
    const outer = appWith({ key: 'shop', store: stores[0] })
    outer.app.use(async (ctx, next) => {
      const before = ctx.session
      await next()
      seen.push(ctx.sessionOptions.key, SessionService.of(ctx).options.key, ctx.session === before)
    })
    outer.app.use(mount('/admin', inner.app)).use(count())
    const visitor = new Visitor(outer.app)
    const first = await visitor.get('/admin/admin-only')
    expect(cookieNames(first)).toEqual(['admin', 'admin.sig'])
    expect(seen).toEqual(['admin', 'admin', 'shop', 'shop', true])
    expect((await visitor.get('/')).json()).toEqual({ views: 1 })
    expect((await visitor.get('/admin')).json()).toEqual({ views: 2, isAdmin: true })
    expect((await visitor.get('/')).json()).toEqual({ views: 2 })
    expect(stores.map(({ size }) => size)).toEqual([1, 1])
    expect(errors).toEqual([])
  })

  test('R97: both sessions are there in the mounted app where both have properties of their own', async () => {
    const inner = appWith({ key: 'admin', property: 'admin' })
    inner.app.use((ctx, next) => {
      ctx.session.note = 'from the admin'
      return next()
    })
    inner.app.use(count('admin'))
    const outer = appWith({})
    outer.app.use(mount('/admin', inner.app)).use((ctx) => {
      ctx.body = { session: ctx.session, hasAdmin: 'admin' in ctx }
    })
    const visitor = new Visitor(outer.app)
    await visitor.get('/admin')
    expect((await visitor.get('/admin')).json()).toEqual({ views: 2 })
    expect((await visitor.get('/')).json()).toEqual({ session: { note: 'from the admin' }, hasAdmin: false })
  })

  test('R97: a failure in a mounted app leaves the app around it its own session, and keeps both cookies', async () => {
    const inner = appWith({ key: 'admin' })
    inner.app.use((ctx) => {
      ctx.session.user = 'root'
      throw new Error('the admin failed')
    })
    const outer = appWith({ key: 'shop' })
    const users: unknown[] = []
    outer.app.on('error', (_error, ctx: Context) => users.push(ctx.session.user))
    outer.app.use((ctx, next) => {
      ctx.session.user = 'ann'
      return next()
    })
    outer.app.use(mount('/admin', inner.app))
    const answer = await new Visitor(outer.app).get('/admin')
    expect(answer.status).toBe(500)
    expect(users).toEqual(['ann'])
    expect(cookieNames(answer).sort()).toEqual(['admin', 'admin.sig', 'shop', 'shop.sig'])
  })

  test('R97: verbs, events and hooks of a mounted app are its own', async () => {
    const hooks: unknown[] = []
    const inner = appWith({
      key: 'admin',
      store: new MemoryStore(),
      beforeSave: (ctx) => void hooks.push(ctx.sessionOptions.key),
    })
    inner.app.use(async (ctx) => {
      await inner.sessions.update((data) => void Object.assign(data, { user: 'root' }), ctx)
      await SessionService.of(ctx).regenerate({}, ctx)
      ctx.body = [inner.sessions.id(ctx) !== undefined, inner.sessions.hasMiddleware(ctx), ctx.session.user]
    })
    const outer = appWith({ key: 'shop', store: new MemoryStore() })
    outer.app.use(mount('/admin', inner.app)).use((ctx) => (ctx.body = ctx.session))
    const visitor = new Visitor(outer.app)
    expect((await visitor.get('/admin')).json()).toEqual([true, true, 'root'])
    expect((await visitor.get('/')).json()).toEqual({})
    expect(new Set(hooks)).toEqual(new Set(['admin']))
  })

  test('R97: a mounted app’s cookies are signed with its own keys: they are the same where it stands alone', async () => {
    const build = () => {
      const inner = appWith({ key: 'admin' }, ['of the admin'])
      inner.app.use(count())
      return inner.app
    }
    const alone = new Visitor(build())
    await alone.get('/')
    const outer = appWith(undefined, ['of the host'])
    outer.app.use(mount('/admin', build()))
    expect((await new Visitor(outer.app, alone.jar.copy()).get('/admin')).json()).toEqual({ views: 2 })
    const bare = appWith(undefined, [])
    bare.app.use(mount('/admin', build()))
    expect((await new Visitor(bare.app, alone.jar.copy()).get('/admin')).json()).toEqual({ views: 2 })
    // One without keys has those of the app around it.
    const keyless = build()
    keyless.keys = undefined as never
    const host = appWith(undefined, ['of the admin'])
    host.app.use(mount('/admin', keyless))
    expect((await new Visitor(host.app, alone.jar.copy()).get('/admin')).json()).toEqual({ views: 2 })
  })

  test('R97: virtual hosts behind one app have their own sessions', async () => {
    const hosts = new Map(['a.test', 'b.test'].map((name) => [name, appWith({ store: new MemoryStore() }, [name]).app]))
    for (const app of hosts.values()) app.use(count())
    const outer = createApp(KoaClass)
    outer.keys = undefined as never
    const handlers = new Map(Array.from(hosts, ([name, app]) => [name, compose(app.middleware)]))
    outer.use((ctx, next) => handlers.get(ctx.hostname)?.(ctx, next))
    const visitors = [new Visitor(outer), new Visitor(outer)]
    await visitors[0].get('/', { host: 'a.test' })
    expect((await visitors[0].get('/', { host: 'a.test' })).json()).toEqual({ views: 2 })
    expect((await visitors[1].get('/', { host: 'b.test' })).json()).toEqual({ views: 1 })
    // A cookie of one host is none of the other's.
    expect((await visitors[0].get('/', { host: 'b.test' })).json()).toEqual({ views: 1 })
  })

  test('R97: two apps that are mounted beside each other have one session each, and so has an app within them', async () => {
    const third = appWith({ key: 'third' })
    third.app.use(count())
    const second = appWith({ key: 'second' })
    second.app.use(mount('/third', third.app)).use(count())
    const first = appWith({ key: 'first' })
    first.app.use(count())
    const outer = appWith({ key: 'outer' })
    outer.app.use(mount('/first', first.app)).use(mount('/second', second.app)).use(count())
    const visitor = new Visitor(outer.app)
    const paths = ['/', '/first', '/second', '/second/third']
    for (const path of paths) await visitor.get(path)
    for (const path of paths) expect([path, (await visitor.get(path)).json()]).toEqual([path, { views: 2 }])
    expect([...visitor.jar.values.keys()].filter((name) => !name.endsWith('.sig'))).toEqual([
      'outer',
      'first',
      'second',
      'third',
    ])
  })

  test('R97: the session around a mounted app with the same options and keys is its own as well: nothing is lost', async () => {
    const store = new MemoryStore()
    const inner = appWith({ store })
    inner.app.use(count())
    const outer = appWith({ store })
    outer.app.use((ctx, next) => {
      ctx.session.note = 'set between'
      return next()
    })
    outer.app.use(mount('/admin', inner.app)).use(count())
    const visitor = new Visitor(outer.app)
    const first = await visitor.get('/admin')
    expect(cookieNames(first)).toEqual(['koa.sess', 'koa.sess.sig'])
    expect((await visitor.get('/')).json()).toEqual({ note: 'set between', views: 2 })
    expect(store.size).toBe(1)
  })

  test.each<[string, SessionOptions, string[] | undefined]>([
    ['another store', { store: new MemoryStore() }, undefined],
    ['another lifetime', { maxAge: 1000 }, undefined],
    ['other keys', {}, ['of the admin']],
    ['another property', { property: 'admin' }, undefined],
  ])(
    'R97: the same cookie with %s is refused, in words that help, and neither session is touched',
    async (_, options, keys) => {
      const inner = appWith(options, keys)
      inner.app.use(count(options.property))
      const outer = appWith({})
      outer.app.use(mount('/admin', inner.app)).use(count())
      const visitor = new Visitor(outer.app)
      await visitor.get('/')
      expect(await visitor.get('/admin')).toMatchObject({ status: 500, setCookie: [] })
      expect(errors).toEqual([
        expect.objectContaining({
          code: 'ERR_SESSION_CLASH',
          message: expect.stringMatching(
            /mounted app.*Give the session of the mounted app a "key" of its own/s,
          ) as string,
        }),
      ])
      expect((await visitor.get('/')).json()).toEqual({ views: 2 })
    },
  )

  test("R97: a verb in front of a mounted app's middleware says where its session is", async () => {
    const inner = createApp(KoaClass)
    const sessions = new SessionService(inner)
    inner.use(async (ctx) => void (await sessions.load(ctx)))
    const outer = appWith(undefined)
    outer.app.use(mount('/admin', inner))
    await new Visitor(outer.app).get('/admin')
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'ERR_SESSION_NO_MIDDLEWARE',
        message: expect.stringContaining('mounted') as string,
      }),
    ])
  })

  test("R97: a mounted app's session can still be read afterwards where the app around had no such property", async () => {
    const inner = appWith({})
    const outer = appWith(undefined)
    outer.app.use(compose(inner.app.middleware))
    outer.app.use((ctx) => {
      ctx.session.user = 'ann'
      ctx.body = ''
    })
    const users: unknown[] = []
    const listening = createApp(KoaClass)
    listening.use(async (ctx, next) => {
      await next()
      users.push(ctx.session.user)
    })
    listening.use(compose(outer.app.middleware))
    await new Visitor(listening).get('/')
    expect(users).toEqual(['ann'])
  })
})
