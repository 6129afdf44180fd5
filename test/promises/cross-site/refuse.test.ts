import type Koa from 'koa'
import type { Context } from 'koa'
import { hardened, MemoryStore, SessionError, SessionService, type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { createSite, type Handlers, type Site } from '../../support/app/site'
import { CASES, FOREIGN, OWN, signIn } from './requests'
import { spyOn } from '../../support/spies/spy-on'

const REFUSED = { code: 'ERR_SESSION_CROSS_SITE', status: 403, expose: false }

function siteOf(
  options: SessionOptions,
  handlers: Handlers = {},
  KoaClass?: typeof Koa,
): Site & { sessions: SessionService } {
  const all: Handlers = {
    '/login': async (ctx) => {
      await site.sessions.load(ctx)
      ctx.session.user = 'ann'
    },
    '/user': async (ctx) => {
      ctx.body = (await site.sessions.load(ctx))?.user ?? 'nobody'
    },
    ...handlers,
  }
  const site = createSite({ crossSite: 'refuse', ...options }, all, createApp(KoaClass))
  return site
}

describe.each(CASES)('crossSite: refuse, $name', ({ options, KoaClass }) => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('R74: a %s from another site is refused', async (method) => {
    let handled = 0
    const { visitor, errors } = siteOf(options(), { '/change': () => handled++ }, KoaClass)
    const held = await signIn(visitor)
    const answer = await visitor.send(method, '/change', FOREIGN)
    expect(answer).toMatchObject({ status: 403, setCookie: [] })
    expect(handled).toBe(0)
    expect(errors).toEqual([expect.objectContaining(REFUSED)])
    expect(visitor.jar.header).toBe(held)
    expect((await visitor.get('/user', FOREIGN)).body).toBe('ann')
  })

  it.each(['GET', 'HEAD', 'OPTIONS'] as const)('R74: a %s from another site has its session', async (method) => {
    const users: unknown[] = []
    const site = siteOf(
      options(),
      { '/see': async (ctx) => users.push((await site.sessions.load(ctx))?.user) },
      KoaClass,
    )
    await signIn(site.visitor)
    expect((await site.visitor.send(method, '/see', FOREIGN)).status).toBe(200)
    expect(users).toEqual(['ann'])
  })

  it('R74: a login from another site that brings no session is refused: it would sign the visitor in as somebody else', async () => {
    const { visitor } = siteOf(options(), {}, KoaClass)
    expect(await visitor.post('/login', undefined, FOREIGN)).toMatchObject({ status: 403, setCookie: [] })
    expect(await visitor.post('/login', undefined, { origin: 'null' })).toMatchObject({ status: 403, setCookie: [] })
  })

  const FRIENDLY: [what: string, headers: Record<string, string>][] = [
    ['the site', OWN],
    ['the visitor, who typed it in', { 'sec-fetch-site': 'none' }],
    ['an old browser', { origin: 'http://localhost' }],
    ['no browser', {}],
  ]
  it.each(FRIENDLY)('R74: a request of %s has its session', async (_, headers) => {
    const { visitor } = siteOf(options(), {}, KoaClass)
    await signIn(visitor)
    expect((await visitor.post('/user', undefined, headers)).body).toBe('ann')
  })

  it('R74: a websocket handshake from another site is refused, and one from the site has its session', async () => {
    const { visitor } = siteOf(options(), {}, KoaClass)
    await signIn(visitor)
    const handshake = { connection: 'Upgrade', upgrade: 'websocket' }
    expect((await visitor.get('/user', { ...handshake, origin: 'https://evil.example' })).status).toBe(403)
    expect((await visitor.get('/user', { ...handshake, origin: 'http://localhost' })).body).toBe('ann')
  })

  it("R74: a page of errors in front of a refusal finds an empty session, and cannot change the browser's own", async () => {
    const app = createApp(KoaClass)
    const seen: unknown[] = []
    app.use(async function showErrors(ctx, next) {
      await next().catch(() => {
        seen.push({ ...ctx.session })
        ctx.session.note = 'from the page of errors'
        ctx.body = 'sorry'
      })
    })
    const handlers: Handlers = {
      '/login': async (ctx) => {
        await SessionService.of(ctx).load(ctx)
        ctx.session.user = 'ann'
      },
      '/user': async (ctx) => {
        ctx.body = { ...(await SessionService.of(ctx).load(ctx)) }
      },
    }
    const { visitor } = createSite({ ...options(), crossSite: 'refuse' }, handlers, app)
    await signIn(visitor)
    expect(await visitor.post('/user', undefined, FOREIGN)).toMatchObject({ body: 'sorry', setCookie: [] })
    expect(seen).toEqual([{}])
    expect((await visitor.get('/user')).json()).toEqual({ user: 'ann' })
  })

  it('R74: verbs of the service fail for a request from another site, called without the middleware', async () => {
    const app = createApp(KoaClass)
    const sessions = new SessionService(app, { ...options(), crossSite: 'refuse' })
    const verbs: Record<string, (ctx: Context) => unknown> = {
      '/load': (ctx) => sessions.load(ctx),
      '/save': (ctx) => sessions.save(ctx),
      '/update': (ctx) => sessions.update((data) => (data.user = 'eve'), ctx),
      '/regenerate': (ctx) => sessions.regenerate({}, ctx),
      '/destroy': (ctx) => sessions.destroy(ctx),
      '/read': (ctx) => ctx.session.user,
      '/assign': (ctx) => (ctx.session = { user: 'eve' }),
      '/end': (ctx) => (ctx.session = null),
    }
    app.use(async (ctx) => {
      if (ctx.path === '/login') await sessions.update((data) => (data.user = 'ann'), ctx)
      else if (ctx.path === '/user') ctx.body = { ...(await sessions.load(ctx)) }
      else await verbs[ctx.path](ctx)
      ctx.body ??= 'ok'
    })
    const visitor = new Visitor(app)
    const held = await signIn(visitor)
    for (const path of Object.keys(verbs)) {
      expect([path, await visitor.post(path, undefined, FOREIGN)]).toMatchObject([path, { status: 403, setCookie: [] }])
    }
    expect(visitor.jar.header).toBe(held)
    expect((await visitor.get('/user')).json()).toEqual({ user: 'ann' })
  })
})

describe.each(Object.entries(KOA_VERSIONS))('crossSite: refuse, %s', (_, KoaClass) => {
  const PROXIED = { 'x-forwarded-host': 'shop.example', 'x-forwarded-proto': 'https', host: '10.0.0.1:3000' }
  const HOSTS: [what: string, proxy: boolean, headers: Record<string, string>, status: number][] = [
    ['the host that a proxy tells', true, { ...PROXIED, origin: 'https://shop.example' }, 200],
    ['the first one of several proxies', true, { ...PROXIED, 'x-forwarded-host': 'shop.example, 10.0.0.2', origin: 'https://shop.example' }, 200],
    ['the inner host, behind a proxy', true, { ...PROXIED, origin: 'http://10.0.0.1:3000' }, 403],
    ['a plain page, behind a proxy with TLS', true, { ...PROXIED, origin: 'http://shop.example' }, 403],
    ['another port, behind a proxy', true, { ...PROXIED, origin: 'https://shop.example:8443' }, 403],
    ['an own port, behind a proxy', true, { ...PROXIED, 'x-forwarded-host': 'shop.example:8443', origin: 'https://shop.example:8443' }, 200],
    ['the host that a stranger tells', false, { host: 'shop.example', 'x-forwarded-host': 'evil.example', origin: 'https://evil.example' }, 403],
    ['the own host, without app.proxy', false, { host: 'shop.example', 'x-forwarded-host': 'evil.example', origin: 'https://shop.example' }, 200],
    ['what the browser says, whatever a proxy tells', false, { ...PROXIED, origin: 'https://shop.example', 'sec-fetch-site': 'same-origin' }, 200],
    ['an opaque origin', true, { ...PROXIED, origin: 'null' }, 403],
  ] // prettier-ignore
  it.each(HOSTS)(
    'R74: the origin of a request is compared with the right host: %s (app.proxy: %s)',
    async (_, proxy, headers, status) => {
      const { app, visitor } = siteOf({}, {}, KoaClass)
      app.proxy = proxy
      expect((await visitor.post('/user', undefined, headers)).status).toBe(status)
    },
  )

  it('R74: a trusted origin, and what "allow" returns true for, have their session', async () => {
    const asked: string[] = []
    const allow = (ctx: Context): boolean => {
      asked.push(`${ctx.method} ${ctx.path}`)
      return ctx.path === '/hook'
    }
    const { visitor } = siteOf(
      { crossSite: { trustedOrigins: ['https://accounts.example'], allow } },
      { '/hook': (ctx) => (ctx.body = ctx.session.user) },
      KoaClass,
    )
    await signIn(visitor)
    expect(asked).toEqual([])
    const partner = { 'sec-fetch-site': 'cross-site', origin: 'https://accounts.example' }
    expect((await visitor.post('/user', undefined, partner)).body).toBe('ann')
    expect(asked).toEqual([])
    expect((await visitor.post('/hook', undefined, FOREIGN)).body).toBe('ann')
    expect((await visitor.post('/user', undefined, FOREIGN)).status).toBe(403)
    expect(asked).toEqual(['POST /hook', 'POST /user'])
  })

  it.each([
    ['a text', () => 'yes' as never, 'ERR_SESSION_CROSS_SITE', 403],
    ['a promise', async () => true, 'ERR_SESSION_OPTIONS', 500],
    ['what asks for the session', (ctx: Context) => Boolean(ctx.session.user), 'ERR_SESSION_NESTED', 500],
  ])('R74: an "allow" that returns %s lets nobody in', async (_, allow, code, status) => {
    const { visitor, errors } = siteOf({ crossSite: { allow: allow as () => boolean } }, {}, KoaClass)
    expect((await visitor.post('/user', undefined, FOREIGN)).status).toBe(status)
    expect(errors).toEqual([expect.objectContaining({ code })])
  })
})

it('R74: the error of a refused request tells where it came from, and the cures', async () => {
  const { visitor, errors } = siteOf({})
  await visitor.post('/user', undefined, { ...FOREIGN, origin: `https://${'e'.repeat(300)}.example` })
  const { message } = errors[0] as SessionError
  expect(message).toContain('Sec-Fetch-Site is "cross-site"')
  expect(message).toContain('"https://eee')
  expect(message.length).toBeLessThan(600)
  for (const cure of ['crossSite.trustedOrigins', 'crossSite.allow', 'app.proxy']) expect(message).toContain(cure)
})

it('R74: crossSite is off by default, as in koa-session', async () => {
  const { visitor } = siteOf({ crossSite: undefined })
  await signIn(visitor)
  expect((await visitor.post('/user', undefined, FOREIGN)).body).toBe('ann')
})

it('R74: a refused request makes no call of the store', async () => {
  const { store, take } = spyOn({ store: new MemoryStore() })
  const { visitor } = siteOf({ store, rolling: true })
  await signIn(visitor)
  take()
  await visitor.post('/user', undefined, FOREIGN)
  expect(take()).toEqual([])
})

it('R74, R40: hardened() refuses unsafe requests from another site', async () => {
  const site = createSite(hardened({ store: new MemoryStore() }))
  site.app.proxy = true
  const https = { 'x-forwarded-proto': 'https' }
  expect((await site.visitor.post('/', undefined, { ...https, ...FOREIGN })).status).toBe(403)
  expect((await site.visitor.get('/', { ...https, ...FOREIGN })).status).toBe(200)
})
