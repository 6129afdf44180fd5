import type Koa from 'koa'
import type { Context } from 'koa'
import { hardened, SessionService, type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS, Visitor, type Answer } from '../../support/app/app'
import { BACKENDS, SEALING_KEYS } from '../../support/backends/backends'
import { addHandlers, createSite, type Handlers } from '../../support/app/site'

const HTTPS = { 'x-forwarded-proto': 'https' }
const PRIVATE = { 'cache-control': 'no-store', vary: expect.stringMatching(/\bCookie$/) as unknown }

const BEGINNINGS: Record<string, (ctx: Context) => unknown> = {
  'flushHeaders()': (ctx) => ctx.res.flushHeaders(),
  'write()': (ctx) => ctx.res.write('first'),
  'writeHead()': (ctx) => ctx.res.writeHead(200, { 'Cache-Control': 'public, max-age=600', Vary: 'Accept' }),
}

/** What a handler does with its session before the response begins. */
const USES: Record<string, (ctx: Context) => unknown> = {
  'saves it': async (ctx) => {
    ctx.session.user = 'ann'
    await ctx.session.save()
  },
  'reads it': (ctx) => ctx.session.user,
  'ends it': async (ctx) => SessionService.of(ctx).destroy(ctx),
  'updates it': (ctx) => SessionService.of(ctx).update((data) => Object.assign(data, { user: 'bob' }), ctx),
}

function begin(send: (ctx: Context) => unknown, use: (ctx: Context) => unknown): Handlers[string] {
  return async (ctx) => {
    await use(ctx)
    ctx.respond = false
    ctx.status = 200
    send(ctx)
    setImmediate(() => ctx.res.end('last'))
  }
}

function optionsOf(options: SessionOptions): SessionOptions {
  return hardened(options.store || options.ContextStore ? options : { keys: SEALING_KEYS })
}

const CASES = Object.entries(KOA_VERSIONS).flatMap(([koa, KoaClass]) =>
  BACKENDS.filter(({ name }) => name !== 'signed cookie').map((backend) => ({
    ...backend,
    name: `${backend.name}, ${koa}`,
    KoaClass,
  })),
)

function proxied(KoaClass: typeof Koa): Koa {
  const app = createApp(KoaClass)
  app.proxy = true
  return app
}

describe.each(CASES)('hardened: no cache keeps it, $name', ({ options, KoaClass }) => {
  const login: Handlers = { '/login': (ctx) => (ctx.session.user = 'ann') }
  const matrix = Object.keys(BEGINNINGS).flatMap((way) => Object.keys(USES).map((use) => ({ way, use })))

  it.each(matrix)(
    'R75, R40: no cache keeps a hardened response that begins with $way, where the handler $use',
    async ({ way, use }) => {
      const handler = begin(BEGINNINGS[way], USES[use])
      const { visitor } = createSite(optionsOf(options()), { ...login, '/early': handler }, proxied(KoaClass))
      await visitor.get('/login', HTTPS)
      const { headers, status, body } = await visitor.get('/early', HTTPS)
      expect([status, body.endsWith('last')]).toEqual([200, true])
      expect(headers).toMatchObject(PRIVATE)
    },
  )

  it('R75, R40: a response that begins early, and has nothing of the session, is left alone', async () => {
    const handler = begin(BEGINNINGS['flushHeaders()'], () => undefined)
    const { visitor } = createSite(
      optionsOf({ ...options(), idleTimeout: undefined }),
      { '/early': handler },
      proxied(KoaClass),
    )
    const { headers } = await visitor.get('/early', HTTPS)
    expect([headers['cache-control'], headers.vary]).toEqual([undefined, undefined])
  })

  it.each([
    ['in front of the session', (ctx: Context) => ctx.throw(418)],
    ['that has no status', () => Promise.reject(new Error('no status'))],
  ])('R75, R40: no cache keeps a hardened error of middleware %s', async (_, fail) => {
    const app = proxied(KoaClass)
    app.use(async function failAfterwards(ctx, next) {
      await next()
      if (ctx.path !== '/login') await fail(ctx)
    })
    const { visitor } = createSite(optionsOf(options()), { ...login, '/read': (ctx) => ctx.session.user }, app)
    await visitor.get('/login', HTTPS)
    const answers: Answer[] = [await visitor.get('/read', HTTPS), await visitor.get('/untouched', HTTPS)]
    for (const { headers, status, setCookie } of answers) {
      expect(status).toBeGreaterThanOrEqual(418)
      // Each response renews the cookie, as there is an idle timeout.
      expect(setCookie).not.toEqual([])
      expect(headers).toMatchObject(PRIVATE)
    }
  })

  it('R75, R40: an error response to a request that has nothing of the session is left alone', async () => {
    const { visitor } = createSite(optionsOf(options()), { '/fail': (ctx) => ctx.throw(418) }, proxied(KoaClass))
    const { headers, status } = await visitor.get('/fail', HTTPS)
    expect([status, headers['cache-control'], headers.vary]).toEqual([418, undefined, undefined])
  })

  it('R75, R40: no cache keeps a response of verbs of the service that are called without the middleware', async () => {
    const app = proxied(KoaClass)
    const sessions = new SessionService(app, optionsOf(options()))
    addHandlers(app, { '/update': (ctx) => sessions.update((data) => (data.user = 'ann'), ctx) })
    const { headers, setCookie } = await new Visitor(app).get('/update', HTTPS)
    expect(setCookie).not.toEqual([])
    expect(headers).toMatchObject(PRIVATE)
  })
})
