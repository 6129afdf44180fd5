import { type SessionOptions } from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { startClock, stopClock } from '../../support/clock'
import { cookieNames, cookieOf, parseSetCookie, recordIn } from '../../support/set-cookie'
import { createSite } from '../../support/app/site'

const ONE_DAY = 86_400_000
const HTTPS = { 'x-forwarded-proto': 'https' }

/** Signs in over HTTPS and out again; answers the two responses. */
async function visit(options: SessionOptions) {
  const app = createApp()
  app.proxy = true
  const { visitor } = createSite(
    options,
    {
      '/login': (ctx) => (ctx.session.user = 'alice'),
      '/logout': (ctx) => (ctx.session = null),
    },
    app,
  )
  const login = await visitor.get('/login', HTTPS)
  const logout = await visitor.get('/logout', HTTPS)
  return { login, logout }
}

/** An option that is a cookie attribute, and what becomes of it in the Set-Cookie line. */
const ATTRIBUTES: [title: string, options: SessionOptions, attributes: object][] = [
  ['none (over HTTPS)', {}, { path: '/', secure: true, httponly: true }],
  ['httpOnly: false', { httpOnly: false }, { path: '/', secure: true }],
  ['httpOnly: null', { httpOnly: null as never }, { path: '/', secure: true, httponly: true }],
  ['secure: false', { secure: false }, { path: '/', httponly: true }],
  ['secure: true', { secure: true }, { path: '/', secure: true, httponly: true }],
  ['sameSite: null', { sameSite: null }, { path: '/', secure: true, httponly: true }],
  ['sameSite: false', { sameSite: false }, { path: '/', secure: true, httponly: true }],
  ['sameSite: true', { sameSite: true }, { path: '/', secure: true, httponly: true, samesite: 'strict' }],
  ['sameSite: strict', { sameSite: 'strict' }, { path: '/', secure: true, httponly: true, samesite: 'strict' }],
  ['sameSite: lax', { sameSite: 'lax' }, { path: '/', secure: true, httponly: true, samesite: 'lax' }],
  ['sameSite: none', { sameSite: 'none', secure: true }, { path: '/', secure: true, httponly: true, samesite: 'none' }],
  ['domain', { domain: 'shop.example' }, { path: '/', secure: true, httponly: true, domain: 'shop.example' }],
  ['path', { path: '/shop' }, { path: '/shop', secure: true, httponly: true }],
  ['partitioned', { partitioned: true, secure: true }, { path: '/', secure: true, httponly: true, partitioned: true }],
  ['priority', { priority: 'high' }, { path: '/', secure: true, httponly: true, priority: 'high' }],
  [
    'all of them',
    {
      httpOnly: false,
      secure: true,
      sameSite: 'none',
      domain: 'shop.example',
      path: '/shop',
      partitioned: true,
      priority: 'low',
    },
    { path: '/shop', secure: true, samesite: 'none', domain: 'shop.example', partitioned: true, priority: 'low' },
  ],
]

describe('the cookie', () => {
  beforeEach(() => stopClock())
  afterEach(startClock)

  test.each(ATTRIBUTES)('R1: the cookie has the attributes of the option %s', async (_, options, attributes) => {
    const { login } = await visit(options)
    expect(cookieOf(login).attributes).toEqual(attributes)
    expect(cookieOf(login, 'koa.sess.sig').attributes).toEqual(attributes)
  })

  test.each(ATTRIBUTES)('R27: the cookie is cleared with what it was set with: %s', async (_, options, attributes) => {
    const { logout } = await visit(options)
    for (const name of ['koa.sess', 'koa.sess.sig']) {
      expect(cookieOf(logout, name)).toMatchObject({ attributes, expires: 0 })
    }
    expect(cookieOf(logout).value).toBe('')
  })

  test('R1: the cookie is not secure over plain HTTP', async () => {
    const { visitor } = createSite({}, { '/login': (ctx) => (ctx.session.user = 'alice') })
    expect(cookieOf(await visitor.get('/login')).attributes).toEqual({ path: '/', httponly: true })
  })

  test('R1: the option "key" names the cookie, which is koa.sess without', async () => {
    expect(cookieNames((await visit({})).login)).toEqual(['koa.sess', 'koa.sess.sig'])
    const { login, logout } = await visit({ key: 'shop' })
    expect(cookieNames(login)).toEqual(['shop', 'shop.sig'])
    expect(cookieNames(logout)).toEqual(['shop', 'shop.sig'])
  })

  test('R1: signed: false neither signs the cookie nor asks for a signature', async () => {
    const app = createApp()
    app.keys = undefined as never
    const { visitor } = createSite({ signed: false }, { '/login': (ctx) => (ctx.session.user = 'alice') }, app)
    expect(cookieNames(await visitor.get('/login'))).toEqual(['koa.sess'])
    expect((await visitor.get('/')).json()).toEqual({ session: { user: 'alice' } })
  })

  test('R1: a cookie without a signature is refused by default', async () => {
    const { visitor } = createSite({}, { '/login': (ctx) => (ctx.session.user = 'alice') })
    await visitor.get('/login')
    visitor.jar.values.delete('koa.sess.sig')
    expect((await visitor.get('/')).json()).toEqual({ session: {} })
  })

  test('D9: the cookie lives for one day by default, from the first response on', async () => {
    const { login } = await visit({})
    expect(cookieOf(login).expires).toBe(Date.now() + ONE_DAY)
    expect(recordIn(cookieOf(login).value)).toEqual({
      user: 'alice',
      _expire: Date.now() + ONE_DAY,
      _maxAge: ONE_DAY,
    })
  })

  test('R1: the cookie lives for maxAge', async () => {
    const { login } = await visit({ maxAge: 5_000 })
    expect(cookieOf(login).expires).toBe(Date.now() + 5_000)
    expect(recordIn(cookieOf(login).value)).toEqual({ user: 'alice', _expire: Date.now() + 5_000, _maxAge: 5_000 })
  })

  test("R1: maxAge: 'session' makes a cookie that lives until the browser is closed", async () => {
    const { login } = await visit({ maxAge: 'session' })
    expect(cookieOf(login).expires).toBeUndefined()
    expect(recordIn(cookieOf(login).value)).toEqual({ user: 'alice', _session: true })
  })

  test("R1: the option expires bounds a 'session' cookie, and counts for nothing beside a maxAge in milliseconds", async () => {
    const expires = new Date(Date.now() + 7_000)
    expect(cookieOf((await visit({ maxAge: 'session', expires })).login).expires).toBe(expires.getTime())
    expect(cookieOf((await visit({ maxAge: 5_000, expires })).login).expires).toBe(Date.now() + 5_000)
  })
})

describe('overwrite', () => {
  /** A handler that sets a cookie of the session's name before the session does. */
  async function visitAfterAnother(overwrite: boolean | undefined) {
    const { visitor } = createSite(overwrite === undefined ? {} : { overwrite }, {
      '/login': (ctx) => {
        ctx.cookies.set('koa.sess', 'from-the-handler', { signed: false })
        ctx.session.user = 'alice'
      },
    })
    const { setCookie } = await visitor.get('/login')
    return setCookie.map(parseSetCookie).filter(({ name }) => name === 'koa.sess')
  }

  test.each([undefined, true])(
    'R1: overwrite: %s replaces a cookie of the name that the response has set',
    async (overwrite) => {
      const lines = await visitAfterAnother(overwrite)
      expect(lines).toHaveLength(1)
      expect(recordIn(lines[0]?.value ?? '')).toMatchObject({ user: 'alice' })
    },
  )

  test('R1: overwrite: false leaves a cookie of the name in the response', async () => {
    const lines = await visitAfterAnother(false)
    expect(lines.map(({ value }) => value)).toContain('from-the-handler')
  })
})
