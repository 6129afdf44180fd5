import { hardened, MemoryStore, type HardenedOptions } from 'koa-session-service'
import type { Answer } from '../../support/app/app'
import { startClock, stopClock } from '../../support/clock'
import { SEALING_KEYS } from '../../support/backends/backends'
import { createSessionApp, type SessionApp } from '../../support/app/session-app'

const MINUTE = 60 * 1000
const HTTPS = { 'x-forwarded-proto': 'https' }
const PRIVATE = ['no-store', 'Cookie']

const PLACES: [string, () => HardenedOptions][] = [
  ['in a store', () => ({ store: new MemoryStore() })],
  ['sealed in its cookie', () => ({ keys: SEALING_KEYS })],
]

function serve(options: HardenedOptions): SessionApp {
  const served = createSessionApp(hardened(options), {
    '/cached': (ctx) => {
      ctx.set('Cache-Control', 'public, max-age=600')
      ctx.set('Vary', 'Accept-Encoding')
      return ctx.session.user
    },
    '/use-and-throw': (ctx) => {
      ctx.session.user = 'bea'
      throw Object.assign(new Error('not any more'), { status: 410 })
    },
    '/begin': async (ctx) => {
      ctx.status = 200
      ctx.session.user = 'dora'
      await ctx.session.save()
      ctx.res.flushHeaders()
    },
    '/begin-unchanged': (ctx) => {
      ctx.status = 200
      void ctx.session.user
      ctx.res.flushHeaders()
    },
    '/respond': async (ctx) => {
      ctx.respond = false
      ctx.session.user = 'eve'
      await ctx.session.save()
      ctx.res.writeHead(200, { 'Cache-Control': 'public' })
      ctx.res.end('eve')
    },
    '/commit': async (ctx) => {
      ctx.session.user = 'cleo'
      await ctx.session.manuallyCommit()
    },
  })
  served.app.proxy = true
  return served
}

function caching(headers: Answer['headers']): unknown[] {
  return [headers['cache-control'], headers.vary]
}

afterEach(startClock)

describe.each(PLACES)('hardened, %s: caches', (_place, place) => {
  it.each(['/', '/set?user=ann', '/logout', '/regenerate', '/id'])(
    'R40: no cache keeps a hardened response at %s, which used the session',
    async (path) => {
      const visitor = serve(place()).visitor()
      expect(caching((await visitor.get(path, HTTPS)).headers)).toEqual(PRIVATE)
      await visitor.get('/set?user=ann', HTTPS)
      expect(caching((await visitor.get(path, HTTPS)).headers)).toEqual(PRIVATE)
    },
  )

  it('R40: headers of the handler do not make a hardened response public', async () => {
    const { headers } = await serve(place()).visitor().get('/cached', HTTPS)
    expect(caching(headers)).toEqual(['no-store', 'Accept-Encoding, Cookie'])
  })

  it('R40: a hardened response that did not use the session is left alone', async () => {
    const { headers, setCookie } = await serve(place()).visitor().get('/plain', HTTPS)
    expect(setCookie).toEqual([])
    expect(caching(headers)).toEqual([undefined, undefined])
  })

  it('R40: no cache keeps a hardened response that renews the cookie', async () => {
    const clock = stopClock()
    const visitor = serve(place()).visitor()
    await visitor.get('/set?user=ann', HTTPS)
    clock.advance(MINUTE)
    const { headers, setCookie } = await visitor.get('/plain', HTTPS)
    expect(setCookie).not.toEqual([])
    expect(caching(headers)).toEqual(PRIVATE)
  })

  it('R40: no cache keeps the error response of a handler that used the session', async () => {
    const { headers, status } = await serve(place()).visitor().get('/use-and-throw', HTTPS)
    expect(status).toBe(410)
    expect(caching(headers)).toEqual(PRIVATE)
  })

  it('R40: no cache keeps the response of a handler that commits by itself', async () => {
    const { headers } = await serve({ ...place(), autoCommit: false })
      .visitor()
      .get('/commit', HTTPS)
    expect(caching(headers)).toEqual(PRIVATE)
  })

  it.each(['/begin', '/begin-unchanged', '/respond'])(
    'R40: no cache keeps the response of %s, where the session begins',
    async (path) => {
      const { headers, status } = await serve(place()).visitor().get(path, HTTPS)
      expect(status).toBe(200)
      expect(caching(headers)).toEqual(PRIVATE)
    },
  )

  it('R40: no cache keeps the error response of a middleware outside', async () => {
    const { app, visitor } = serve(place())
    app.middleware.unshift(async (_ctx, next) => {
      await next()
      throw Object.assign(new Error('outside'), { status: 410 })
    })
    const { headers, status, setCookie } = await visitor().get('/set?user=ann', HTTPS)
    expect(status).toBe(410)
    expect(setCookie).not.toEqual([])
    expect(caching(headers)).toEqual(PRIVATE)
  })

  it('R40: no header against caches is set without the option, and without the preset', async () => {
    const { headers } = await serve({ ...place(), preventCaching: false })
      .visitor()
      .get('/', HTTPS)
    expect(caching(headers)).toEqual([undefined, undefined])
    expect(caching((await createSessionApp({}).visitor().get('/')).headers)).toEqual([undefined, undefined])
  })
})

it('R40: no cache keeps the response that clears a signature which fits nothing', async () => {
  const { visitor } = createSessionApp({ store: new MemoryStore(), preventCaching: true })
  const { headers, setCookie } = await visitor().get('/plain', { cookie: 'koa.sess=planted; koa.sess.sig=wrong' })
  expect(setCookie).toEqual([expect.stringMatching(/^koa\.sess\.sig=;/)])
  expect(caching(headers)).toEqual(PRIVATE)
})
