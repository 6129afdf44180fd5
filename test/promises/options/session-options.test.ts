import type { Context } from 'koa'
import type { SessionOptions } from 'koa-session-service'
import { BACKENDS } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'
import { cookieOf } from '../../support/set-cookie'
import { createSite, type Handlers } from '../../support/app/site'

const LOGIN: Handlers = { '/login': (ctx) => (ctx.session.user = 'alice') }

describe.each(BACKENDS)('ctx.sessionOptions with $name', ({ options }) => {
  beforeEach(() => stopClock())
  afterEach(startClock)

  /** Signs in, changing `ctx.sessionOptions` on the way, and then once more without. */
  async function signInTwice(change: Record<string, unknown>, more: SessionOptions = {}) {
    const { visitor, sessions } = createSite(
      { ...options(), ...more },
      {
        '/changed': (ctx) => {
          ctx.session.user = 'alice'
          Object.assign(ctx.sessionOptions, change)
        },
        '/plain': (ctx) => (ctx.session.user = 'bob'),
      },
    )
    const before = { ...sessions.options }
    const changed = await visitor.get('/changed')
    visitor.jar.values.clear()
    return { changed, plain: await visitor.get('/plain'), before, after: sessions.options }
  }

  test('R3: ctx.sessionOptions are the options with their defaults', async () => {
    const { visitor, sessions } = createSite(
      { ...options(), key: 'shop' },
      {
        '/options': (ctx) => {
          expect(ctx.sessionOptions).toEqual(sessions.options)
          expect(ctx.sessionOptions).toBe(ctx.sessionOptions)
          ctx.body = { key: ctx.sessionOptions.key, maxAge: ctx.sessionOptions.maxAge }
        },
      },
    )
    expect((await visitor.get('/options')).json()).toEqual({ key: 'shop', maxAge: 86_400_000 })
  })

  test.each([
    ['path', '/shop', { path: '/shop', httponly: true }],
    ['httpOnly', false, { path: '/' }],
    ['domain', 'a.example', { path: '/', httponly: true, domain: 'a.example' }],
    ['sameSite', 'lax', { path: '/', httponly: true, samesite: 'lax' }],
  ])('R3: the option %s may be changed for one response', async (name, value, attributes) => {
    const { changed, plain, before, after } = await signInTwice({ [name]: value })
    expect(cookieOf(changed).attributes).toEqual(attributes)
    expect(cookieOf(plain).attributes).toEqual({ path: '/', httponly: true })
    expect(after).toEqual(before)
  })

  test('R3: maxAge may be changed for one session', async () => {
    const { changed, plain } = await signInTwice({ maxAge: 5_000 })
    expect(cookieOf(changed).expires).toBe(Date.now() + 5_000)
    expect(cookieOf(plain).expires).toBe(Date.now() + 86_400_000)
  })

  test.each(['rolling', 'renew'] as const)('R3: the option %s may be switched on for one response', async (name) => {
    const { visitor } = createSite(
      { ...options(), maxAge: 60_000 },
      {
        ...LOGIN,
        '/renewed': (ctx: Context) => {
          Object.assign(ctx.sessionOptions, { [name]: true })
          return ctx.session.user
        },
      },
    )
    await visitor.get('/login')
    jest.setSystemTime(Date.now() + 40_000)
    expect((await visitor.get('/')).setCookie).toEqual([])
    expect(cookieOf(await visitor.get('/renewed')).expires).toBe(Date.now() + 60_000)
  })

  test('R3: beforeSave may be changed for one response', async () => {
    const stamp = jest.fn()
    await signInTwice({ beforeSave: stamp })
    expect(stamp).toHaveBeenCalledTimes(1)
  })
})
