import { once } from 'node:events'
import { createServer } from 'node:http'
import { Socket, type AddressInfo } from 'node:net'
import session, { MemoryStore, sealed, type SessionOptions } from 'koa-session-service'
import type Koa from 'koa'
import type { Context } from 'koa'
import { createApp, Visitor } from '../../support/app/app'
import { BACKENDS, PlainStore, SEALING_KEYS } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'
import { FUNCTIONS } from '../../promises/explain/noted-options'
import { debug, printed } from './lines'

jest.mock('../../../src/base/debug', () => ({ debug: jest.requireActual<{ debug: typeof debug }>('./lines').debug }))

const linesSoFar = (): string[] => printed.filter((text) => text.includes(' | '))
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

function site(options: SessionOptions): Koa {
  const app = createApp()
  const middleware = session(options, app)
  app.use(middleware)
  app.use(async function pages(ctx: Context) {
    if (ctx.path === '/in') Object.assign(ctx.session, { user: 'ann' })
    if (ctx.path === '/regenerate') await middleware.sessions.regenerate(ctx)
    if (ctx.path === '/more') ctx.session.more = Math.random()
    if (ctx.path === '/out') ctx.session = null
    ctx.body = ctx.path === '/plain' ? 'plain' : String(ctx.session?.user)
  })
  return app
}

beforeEach(() => (printed.length = 0))

describe('a session that works', () => {
  it.each(BACKENDS)(
    'R120: a session that works, with $name, has one line a request, and no hint',
    async ({ options }) => {
      const visitor = new Visitor(site(options()))
      const paths = ['/', '/plain', '/in', '/', '/more', '/regenerate', '/', '/out', '/', '/in', '/']
      for (const path of paths) await visitor.get(path)
      await settled()
      const lines = linesSoFar()
      expect(lines.map((line) => /^GET http:\/\/localhost:80(\S+) 200 \| koa\.sess: /.exec(line)?.[1])).toEqual(paths)
      expect(lines.filter((line) => line.includes('hint'))).toEqual([])
    },
  )

  it('R120: requests of a new visitor at once have no hint', async () => {
    const app = site({ store: new MemoryStore() })
    await Promise.all(['/in', '/in', '/in'].map((path) => new Visitor(app).get(path)))
    await settled()
    expect(linesSoFar().map((line) => line.includes('hint'))).toEqual([false, false, false])
  })

  it('R120: several sessions of one app have a line each', async () => {
    const app = createApp()
    app.use(session({ key: 'one', property: 'one' }, app))
    app.use(session({ key: 'two', property: 'two', codec: sealed({ keys: SEALING_KEYS }) }, app))
    app.use((ctx) => (ctx.body = 'both'))
    await new Visitor(app).get()
    await settled()
    expect(linesSoFar().map((line) => / \| (\w+): no-cookie/.exec(line)?.[1])).toEqual(['one', 'two'])
  })

  it.each([
    ['ip', 'http://localhost:80/'],
    ['host', '/'],
  ])('R120: a request has its line without what cannot be read, as its %s', async (name, address) => {
    const app = createApp()
    app.use(session({}, app))
    app.use((ctx) => (ctx.body = String(ctx.session.isNew)))
    Object.defineProperty(app.request, name, { get: () => JSON.parse('what nobody may read') as unknown })
    expect((await new Visitor(app).get()).body).toBe('true')
    await settled()
    expect(printed).toEqual([
      `GET ${address} 200 | koa.sess: no-cookie | session: new | written: nothing | told: nothing`,
    ])
  })

  it('R120: a request is served where its line cannot be made', async () => {
    const app = createApp()
    app.use(session({}, app))
    app.use((ctx) => (ctx.body = String(ctx.session.isNew)))
    Object.defineProperty(app.response, 'status', { get: () => JSON.parse('what nobody may read') as unknown })
    await new Visitor(app).get().catch(() => undefined)
    await settled()
    expect(printed).toContain('a request could not be explained: SyntaxError')
  })
})

/** Serves a client who hangs up when the handler says so. Returns the lines. */
async function hangUp(handle: (ctx: Context, leave: () => Promise<void>) => Promise<void>): Promise<string[]> {
  const app = createApp()
  const socket = new Socket()
  let handling: Promise<void> | undefined
  app.use(session({}, app))
  app.use((ctx) => {
    const leave = async (): Promise<void> => {
      const closed = once(ctx.res, 'close')
      socket.destroy()
      await closed
    }
    return (handling = handle(ctx, leave))
  })
  const server = createServer(app.callback() as never).listen(0, '127.0.0.1')
  await once(server, 'listening')
  socket.connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n')
  await once(socket, 'close')
  server.close()
  await Promise.race([handling, settled()])
  await settled()
  return linesSoFar()
}

describe('a client that hangs up', () => {
  it('R120: a client that hangs up has its line when the handler is done, with what became of the session', async () => {
    let linesBefore: number | undefined
    const lines = await hangUp(async (ctx, leave) => {
      ctx.session.views = 1
      await leave()
      await settled()
      linesBefore = linesSoFar().length
      ctx.body = 'nobody reads this'
    })
    expect(linesBefore).toBe(0)
    expect(lines).toEqual([
      'GET http://shop.example/ 200 | koa.sess: no-cookie | session: new | written: nothing | told: nothing | the client has gone',
    ])
  })

  it('R120: a client that hangs up was told nothing of what was saved before', async () => {
    const lines = await hangUp(async (ctx, leave) => {
      ctx.session.views = 1
      await ctx.session.save()
      await leave()
      ctx.body = 'nobody reads this'
    })
    expect(lines).toEqual([expect.stringMatching(/ written: save \| told: nothing \| the client has gone$/)])
  })

  it('R120: a client that hangs up in the midst of a response has its line', async () => {
    const lines = await hangUp(async (ctx, leave) => {
      ctx.session.views = 1
      await ctx.session.save()
      ctx.respond = false
      ctx.res.write('the first byte')
      await leave()
    })
    expect(lines).toEqual([expect.stringMatching(/ written: save \| told: set [^|]* \| the client has gone$/)])
  })

  it('R120: a request whose handler never ends has no line', async () => {
    expect(await hangUp((_ctx, leave) => leave().then(() => new Promise(() => undefined)))).toEqual([])
  })
})

/** The hints of all lines so far, by the paths of their requests. */
async function hintsOf(run: () => Promise<unknown>): Promise<(string | undefined)[]> {
  printed.length = 0
  await run()
  await settled()
  return linesSoFar().map((line) => / \| hint: ([\w-]+): /.exec(line)?.[1])
}

describe('what nobody is to be blamed for', () => {
  afterEach(startClock)

  it('R120: visitors of one address and one browser, each of whom keeps the cookie, have no hint', async () => {
    const app = site({})
    const hints = await hintsOf(async () => {
      for (let visitors = 0; visitors < 3; visitors++) {
        const visitor = new Visitor(app)
        for (const path of ['/in', '/more', '/']) await visitor.get(path)
      }
    })
    expect(hints).toEqual(Array(9).fill(undefined))
  })

  it.each<[SessionOptions, number]>([
    [{ maxAge: 60_000 }, 61_000],
    [{ absoluteTimeout: 3600 }, 4000],
  ])('R120: a visitor who comes when the cookie is over has no hint, with %p', async (options, later) => {
    const clock = stopClock()
    const app = site(options)
    const hints = await hintsOf(async () => {
      await new Visitor(app).get('/in')
      clock.advance(later)
      await new Visitor(app).get('/')
    })
    expect(hints).toEqual([undefined, undefined])
  })

  it('R120: a cookie with a life below a second was set', async () => {
    const clock = stopClock('2030-01-01T00:00:00.100Z')
    clock.advance(0)
    await hintsOf(() => new Visitor(site({ maxAge: 800 })).get('/in'))
    expect(linesSoFar()).toEqual([expect.stringContaining(' | told: set koa.sess#')])
  })

  it.each([
    ['OPTIONS', {}],
    ['GET', { 'sec-fetch-dest': 'font' }],
    ['GET', { 'sec-fetch-dest': 'manifest' }],
  ] as const)('R120: what a browser asks for without cookies has no hint: %s with %p', async (method, headers) => {
    const app = site({ path: '/in' })
    const hints = await hintsOf(async () => {
      await new Visitor(app).get('/in')
      await new Visitor(app).send(method, '/', headers)
    })
    expect(hints).toEqual([undefined, undefined])
  })

  it('R120: the first visit in a frame of another site has no hint', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'iframe' }
    expect(await hintsOf(() => new Visitor(site({ sameSite: 'lax' })).get('/in', headers))).toEqual([undefined])
  })

  it('R120: a Domain that a browser has taken has no hint, whatever the app takes for its host', async () => {
    const visitor = new Visitor(site({ domain: 'shop.example' }))
    const hints = await hintsOf(async () => {
      for (const path of ['/in', '/more']) await visitor.get(path, { host: 'backend:3000' })
    })
    expect(hints).toEqual(['other-domain', undefined])
  })

  it('R120: an error after which the application wants no commit has no hint', async () => {
    const app = createApp()
    app.use(session({ commitOnError: false }, app))
    app.use((ctx) => {
      ctx.session.views = 1
      ctx.throw(400)
    })
    expect(await hintsOf(() => new Visitor(app).get())).toEqual([undefined])
  })
})

describe('sessions that this process has ended', () => {
  afterEach(startClock)

  const owner: SessionOptions['owner'] = (data) => (data as { user?: string }).user

  it.each<[string, SessionOptions, string[], string]>([
    ['by a logout', {}, ['/out'], 'logout'],
    ['by a logout, in a plain store', { store: new PlainStore() }, ['/out'], 'logout'],
    ['with all of an owner', { owner }, ['/all'], 'all'],
    ['with a key', { owner, ends: { store: new MemoryStore() } }, ['/key'], 'all'],
    ['because there were too many', { owner, maxPerOwner: 1 }, ['/anew'], 'limit'],
  ])(
    'R120: a session that this process has ended %s is not missed in the store, and its line says why',
    async (_how, options, paths, reason) => {
      const app = createApp()
      const middleware = session({ store: new MemoryStore(), ...options }, app)
      const { sessions } = middleware
      app.use(middleware)
      app.use(async function pages(ctx: Context) {
        if (ctx.path === '/in') ctx.session.user = 'ann'
        if (ctx.path === '/out') ctx.session = null
        if (ctx.path === '/all') await sessions.revokeAll({ owner: 'ann' }, ctx)
        if (ctx.path === '/key') await sessions.end('owner:ann')
        ctx.body = String(ctx.session?.user)
      })
      const visitor = new Visitor(app)
      await visitor.get('/in')
      const copy = new Visitor(app, visitor.jar.copy())
      await copy.get('/')
      for (const path of paths) {
        if (path === '/anew') await new Visitor(app).get('/in')
        else await visitor.get(path)
      }
      await settled()
      expect(await hintsOf(() => copy.get('/'))).toEqual([undefined])
      expect(linesSoFar()).toEqual([expect.stringContaining(` unknown-id (ended: ${reason}) | session: new `)])
    },
  )

  it.each<[string, SessionOptions]>([
    ['the lifetime', { maxAge: 60_000 }],
    ['the ttl', { maxAge: 'session', ttl: 60_000 }],
  ])('R120: a session that the store has let go in time, by %s, is not missed there', async (_what, options) => {
    const clock = stopClock()
    const visitor = new Visitor(site({ store: new MemoryStore(), ...options }))
    await visitor.get('/in')
    await visitor.get('/')
    clock.advance(24 * 60 * 60_000)
    expect((await hintsOf(() => visitor.get('/'))).filter((hint) => hint !== 'clock')).toEqual([undefined])
  })

  it('R120: a session that ends with its browser is missed where the store loses it before its ttl', async () => {
    const store = new PlainStore()
    const visitor = new Visitor(site({ store, maxAge: 'session' }))
    await visitor.get('/in')
    await visitor.get('/')
    store.records.clear()
    expect(await hintsOf(() => visitor.get('/'))).toEqual(['store-forgets'])
  })
})

describe('what a line has of the application', () => {
  it.each(FUNCTIONS)('R120: a line calls no function that is an option: %s', async (_what, make) => {
    const { options, calls } = make()
    const counts: number[] = []
    const app = createApp()
    app.use(async (_ctx, next) => {
      await next()
      counts.push(calls.length)
    })
    const middleware = site(options).middleware
    for (const each of middleware) app.use(each)
    const visitor = new Visitor(app)
    for (const path of ['/plain', '/', '/in', '/', '/plain', '/more', '/out', '/']) {
      await visitor.get(path)
      await settled()
      expect([path, calls.slice(counts.at(-1))]).toEqual([path, []])
    }
    expect(linesSoFar()).toHaveLength(8)
    expect(calls.length).toBeGreaterThan(0)
  })

  it.each(['idleTimeout', 'absoluteTimeout'])(
    'R120: the line of a session whose %s changes with the clock has no hint',
    async (name) => {
      let isNight = false
      const app = createApp()
      app.use(async (_ctx, next) => {
        await next()
        isNight = !isNight
      })
      const options = { store: new MemoryStore(), [name]: () => (isNight ? 7_200_000 : undefined) }
      for (const each of site(options).middleware) app.use(each)
      const visitor = new Visitor(app)
      const hints = await hintsOf(async () => {
        for (const path of ['/in', '/', '/more', '/']) await visitor.get(path)
      })
      expect(hints).toEqual([undefined, undefined, undefined, undefined])
    },
  )

  it('R120: a line has no host where what carries the id may be that', async () => {
    const externalKey = { get: (ctx: Context) => ctx.hostname.split('.')[0], set: () => undefined }
    await new Visitor(site({ store: new MemoryStore(), externalKey })).get('/', { host: 's3cr3t-id.shop.example' })
    await settled()
    expect(linesSoFar()).toEqual([expect.stringMatching(/^GET http:\/\/…\/… 200 \| koa\.sess: koa\.sess#/)])
  })

  it('R120: a line has no host that could be no name', async () => {
    await new Visitor(site({})).get('/', { host: 'shop/ 200 | hint: store-forgets: call' })
    await settled()
    expect(linesSoFar()).toEqual([expect.stringMatching(/^GET http:\/\/…\/ 200 \| koa\.sess: no-cookie/)])
  })
})
