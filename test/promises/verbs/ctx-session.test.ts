import { MemoryStore, session, SessionError } from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { BACKENDS, backendsWith } from '../../support/backends/backends'
import { cookieOf } from '../../support/set-cookie'
import { addHandlers, createSite, observe, sessionOf, type Handlers } from '../../support/app/site'

const LOGIN: Handlers = { '/login': (ctx) => (ctx.session.user = 'alice') }

describe.each(BACKENDS)('ctx.session with $name', ({ options, hasIds }) => {
  test('R3: ctx.session, set to an object, takes its keys in place of what it had', async () => {
    const { visitor } = createSite(options(), { ...LOGIN, '/set': (ctx) => (ctx.session = { theme: 'dark' }) })
    await visitor.get('/login')
    await visitor.get('/set')
    expect(await sessionOf(visitor)).toEqual({ theme: 'dark' })
  })

  test('R3: ctx.session, set to an object, keeps its id', async () => {
    const { visitor } = createSite(options(), { ...LOGIN, '/set': (ctx) => (ctx.session = { theme: 'dark' }) })
    const login = await visitor.get('/login')
    const answer = await visitor.get('/set')
    if (hasIds) expect(cookieOf(answer).value).toBe(cookieOf(login).value)
  })

  test('R3: ctx.session, set to an object, is a session and a copy of it', async () => {
    const given = { theme: 'dark' }
    const { visitor } = createSite(options(), {
      '/set': async (ctx) => {
        ctx.session = given
        ctx.session.user = 'alice'
        await ctx.session.save()
        ctx.body = { isNew: ctx.session.isNew, length: ctx.session.length }
      },
    })
    expect((await visitor.get('/set')).json()).toEqual({ isNew: false, length: 2 })
    expect(given).toEqual({ theme: 'dark' })
  })

  test('R3: ctx.session, set to an empty object, keeps a session without data', async () => {
    const { visitor } = createSite(options(), {
      ...LOGIN,
      '/empty': (ctx) => {
        expect(ctx.session.user).toBe('alice')
        ctx.session = {}
      },
      '/read': (ctx) => (ctx.body = { isNew: ctx.session.isNew, data: ctx.session }),
    })
    await visitor.get('/login')
    await visitor.get('/empty')
    expect((await visitor.get('/read')).json()).toEqual({ isNew: false, data: {} })
  })

  test('R3: ctx.session, set to null, reads null from then on, and is empty in the next request', async () => {
    const { visitor } = createSite(options(), {
      ...LOGIN,
      '/logout': (ctx) => {
        ctx.session = null
        ctx.body = { session: ctx.session }
      },
    })
    await visitor.get('/login')
    expect((await visitor.get('/logout')).json()).toEqual({ session: null })
    expect(await sessionOf(visitor)).toEqual({})
  })

  test.each([['text'], [5], [true], [undefined], [Symbol('s')], [10n], [() => ({})]])(
    'R3: ctx.session, set to %p, throws and stays as it was',
    async (value) => {
      const caught: unknown[] = []
      const { visitor } = createSite(options(), {
        ...LOGIN,
        '/set': (ctx) => {
          try {
            ctx.session = value as never
          } catch (error) {
            caught.push(error)
          }
        },
      })
      await visitor.get('/login')
      await visitor.get('/set')
      expect(caught).toEqual([expect.any(SessionError)])
      expect(caught).toEqual([
        expect.objectContaining({
          code: 'ERR_SESSION_BAD_VALUE',
          message: expect.stringContaining(
            `an object, or null to end the session, not ${value === undefined ? 'undefined' : `a ${typeof value}`}`,
          ),
        }),
      ])
      expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
    },
  )

  test('R3: ctx.session is there before the middleware: the session of a cookie, an empty one of a store', async () => {
    const app = createApp()
    const seen: unknown[] = []
    app.use((ctx, next) => {
      if (ctx.path === '/') seen.push(ctx.session.toJSON())
      return next()
    })
    app.use(session(options(), app))
    addHandlers(app, LOGIN)
    const { visitor } = observe(app)
    await visitor.get('/login')
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
    expect(seen).toEqual([hasIds ? {} : { user: 'alice' }])
  })

  test('R3: ctx.session can be redefined on app.context', async () => {
    const { app, visitor } = createSite(options())
    Object.defineProperty(app.context, 'session', { configurable: true, get: () => ({ user: 'a mock' }) })
    expect(await sessionOf(visitor)).toEqual({ user: 'a mock' })
  })

  test('R3: ctx.session can be redefined on one context', async () => {
    const { visitor } = createSite(options(), {
      '/mocked': (ctx) => {
        Object.defineProperty(ctx, 'session', { value: { user: 'a mock' } })
        ctx.body = { session: ctx.session }
      },
    })
    expect((await visitor.get('/mocked')).json()).toEqual({ session: { user: 'a mock' } })
    expect(await sessionOf(visitor)).toEqual({})
  })
})

test('R3: ctx.session and ctx.sessionOptions are there for code that has no middleware before it', () => {
  const app = createApp()
  session({ store: new MemoryStore() }, app)
  const ctx = app.createContext({ headers: {} } as never, {} as never)
  expect(ctx.session.toJSON()).toEqual({})
  expect(ctx.sessionOptions.key).toBe('koa.sess')
})

describe.each(backendsWith({ hasIds: true }))('before the middleware: $name', ({ options }) => {
  it.each(['null and data', 'null', 'data'])(
    'R56: %s, assigned to ctx.session before the middleware, leave cookie and record in step',
    async (what) => {
      const app = createApp()
      app.use(async (ctx, next) => {
        if (ctx.path === '/early') {
          if (what.startsWith('null')) ctx.session = null
          if (what.endsWith('data')) ctx.session = { early: true }
        }
        await next()
      })
      const { visitor } = createSite(
        options(),
        {
          '/set': (ctx) => Object.assign(ctx.session, { cart: 'tea' }),
          '/early': (ctx) => Object.assign(ctx.session, { late: true }),
        },
        app,
      )
      await visitor.get('/set')
      const before = visitor.jar.copy()
      expect((await visitor.get('/early')).status).toBe(200)
      const shown = await sessionOf(visitor)
      expect(shown).toMatchObject({ late: true })
      expect(await sessionOf(new Visitor(app, before))).toEqual(visitor.jar.header === before.header ? shown : {})
    },
  )
})
