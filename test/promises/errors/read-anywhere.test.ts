import { once } from 'node:events'
import type Koa from 'koa'
import type { Context } from 'koa'
import { MemoryStore, session, SessionService, type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { PlainStore } from '../../support/backends/backends'
import { createGate } from '../../support/races/gate'
import { interceptStore } from '../../support/spies/intercept'
import { Browser, closeServers, listen } from './server'

afterEach(closeServers)

// What is thrown and caught by nobody ends a process: jest fails the test in which it happens.
let warnings: string[]
beforeEach(() => {
  warnings = []
  jest.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)))
})
afterEach(() => {
  jest.restoreAllMocks()
})

const fail = (): never => {
  throw new Error('this always fails')
}
const nested = (ctx: Context): boolean => Boolean(ctx.session.user)

/** Sessions that can be read, and such as fail at every try. */
const KINDS: Record<string, () => SessionOptions> = {
  'cookie': () => ({}),
  'plain store': () => ({ store: new PlainStore() }),
  'MemoryStore': () => ({ store: new MemoryStore() }),
  'MemoryStore, lazy': () => ({ store: new MemoryStore(), lazy: true }),
  'store that is down': () => interceptStore({ store: new MemoryStore() }, fail),
  'store that is down, lazy': () => interceptStore({ store: new MemoryStore(), lazy: true }, fail),
  'cookie that nobody can decode': () => ({ decode: fail, signed: false }),
  'valid that fails': () => ({ valid: fail }),
  'cross-site refused': () => ({ crossSite: 'refuse' }),
  'cross-site, asked of what fails': () => ({ crossSite: { allow: fail } }),
  'cross-site, asked of what reads the session': () => ({ crossSite: { allow: nested } }),
} // prettier-ignore

describe.each(Object.entries(KOA_VERSIONS))('%s', (_, KoaClass) => {
  /** An app whose logs read the session wherever they can, with and without `?.`. */
  async function logged(options: SessionOptions, app: Koa = createApp(KoaClass)) {
    const read = (ctx: Context): void => void places.push(typeof ctx.session.user, typeof ctx.session?.user)
    const places: string[] = []
    app.on('error', (_error, ctx: Context | undefined) => ctx && read(ctx))
    app.use(async (ctx, next) => {
      read(ctx)
      for (const event of ['finish', 'close']) ctx.res.on(event, () => read(ctx))
      if (ctx.path === '/early-error') ctx.throw(413)
      await next().finally(() => read(ctx))
    })
    app.use(session(options, app))
    app.use((ctx) => {
      if (ctx.path === '/throw') fail()
      ctx.body = 'x'
    })
    return { browser: new Browser(await listen(app.callback())), places }
  }

  test.each(Object.keys(KINDS))(
    'R98: a log that reads the session ends nothing, and every client has its answer: %s',
    async (kind) => {
      const { browser, places } = await logged(KINDS[kind]())
      const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
      for (const cookie of ['', 'koa.sess=6f0e6c1c-0000-4000-8000-000000000000; koa.sess.sig=x']) {
        for (const path of ['/', '/throw', '/early-error']) {
          for (const [method, headers] of [
            ['GET', {}],
            ['POST', foreign],
          ] as const) {
            const before = places.length
            const { status } = await browser.get(path, { method, headers: { ...headers, ...(cookie && { cookie }) } })
            expect([path, method, typeof status]).toEqual([path, method, 'number'])
            // In front, on the way back or in "error", at "finish" and at "close"; where the first one fails the request, in "error".
            const least = kind === 'cookie that nobody can decode' && cookie !== '' ? 2 : 4
            expect(places.length).toBeGreaterThanOrEqual(before + least)
          }
        }
      }
      expect(new Set(places)).toEqual(new Set(['undefined']))
    },
  )

  test('R98: a log that reads the session ends nothing where the app has no keys', async () => {
    const app = createApp(KoaClass)
    app.keys = undefined as never
    const { browser } = await logged({}, app)
    for (const path of ['/', '/throw', '/early-error']) {
      expect((await browser.get(path, { headers: { cookie: 'koa.sess=x; koa.sess.sig=y' } })).status).toBeGreaterThan(
        100,
      )
    }
  })

  test('R98: a log that reads while the store is being read, or when the client is gone, ends nothing', async () => {
    const reading = createGate()
    const app = createApp(KoaClass)
    const closed = createGate()
    let ctxOf: Context | undefined
    app.use((ctx, next) => {
      ctxOf = ctx
      ctx.req.on('aborted', () => void ctx.session.user)
      ctx.res.on('close', () => {
        void ctx.session.user
        void closed.pass()
      })
      return next()
    })
    const options = interceptStore({ store: new MemoryStore() }, async ({ proceed }) => {
      await reading.pass()
      return proceed()
    })
    app.use(session({ ...options, signed: false }, app)).use((ctx) => (ctx.body = ''))
    const browser = new Browser(await listen(app.callback()))
    const { socket } = browser.connect('/', { cookie: 'koa.sess=6f0e6c1c-0000-4000-8000-000000000000' })
    await reading.reached
    expect(ctxOf?.session.user).toBeUndefined()
    socket.destroy()
    await closed.reached
    reading.open()
  })

  test('R98: an error of reading the session behind the middleware, while the handlers run, is that of the request', async () => {
    const errors: unknown[] = []
    const app = createApp(KoaClass)
    app.on('error', (error, ctx: Context) => errors.push(error, ctx.session.user))
    app.use(session({ store: new MemoryStore(), lazy: true }, app))
    app.use((ctx) => {
      ctx.body = ctx.session.user
    })
    const browser = new Browser(await listen(app.callback()))
    expect((await browser.get()).status).toBe(500)
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_NOT_LOADED' }), undefined])
  })

  test('R98: the first reading fails without any middleware, and those of the logs are empty', async () => {
    const errors: unknown[] = []
    const app = createApp(KoaClass)
    new SessionService(app, { decode: fail, signed: false })
    app.on('error', (error, ctx: Context) => errors.push(String(error), ctx.session.user))
    app.use((ctx) => {
      ctx.body = ctx.session.user
    })
    const browser = new Browser(await listen(app.callback()))
    expect((await browser.get('/', { headers: { cookie: 'koa.sess=x' } })).status).toBe(500)
    expect(errors).toEqual(['Error: this always fails', undefined])
  })

  test('R98: a log that reads the session in front of the middleware changes nothing for the handlers behind it', async () => {
    const app = createApp(KoaClass)
    const store = new MemoryStore()
    app.use((ctx, next) => {
      ctx.session.user = 'nobody'
      return next()
    })
    const middleware = session({ store, lazy: true }, app)
    app.use(middleware)
    app.use(async (ctx) => {
      const loaded = await middleware.sessions.load(ctx)
      ctx.body = { user: loaded?.user ?? 'new' }
      Object.assign(loaded as object, { user: 'ann' })
    })
    const browser = new Browser(await listen(app.callback()))
    expect((await browser.get()).body).toBe('{"user":"new"}')
    expect((await browser.get()).body).toBe('{"user":"ann"}')
  })

  test('R98: saving a session by name that has not been read is an error', async () => {
    const app = createApp(KoaClass)
    const failures: unknown[] = []
    app.use(async (ctx, next) => {
      await ctx.session.save().catch((error: unknown) => failures.push(error))
      await next()
    })
    app.use(session({ store: new MemoryStore(), lazy: true }, app)).use((ctx) => (ctx.body = ''))
    await new Browser(await listen(app.callback())).get()
    expect(failures).toEqual([expect.objectContaining({ code: 'ERR_SESSION_NOT_LOADED' })])
  })
})

test('R98: a failure after an answer that a handler has sent itself is told to the app, once', async () => {
  const app = createApp()
  const errors: unknown[] = []
  app.on('error', (error) => errors.push(String(error)))
  app.use(session({ decode: fail, signed: false }, app))
  app.use(async (ctx) => {
    ctx.respond = false
    ctx.res.on('finish', () => void ctx.session.user)
    ctx.res.end('by hand')
    await once(ctx.res, 'close')
    void ctx.session.user
  })
  const browser = new Browser(await listen(app.callback()))
  expect((await browser.get('/', { headers: { cookie: 'koa.sess=x', connection: 'close' } })).body).toBe('by hand')
  expect(errors).toEqual(['Error: this always fails'])
})
