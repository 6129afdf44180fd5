import type { Context } from 'koa'
import { session, type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { cookieNames, parseSetCookie } from '../../support/set-cookie'
import { addHandlers, createSite, nextTurn, observe, sessionOf, type Handlers, type Site } from '../../support/app/site'

const FAILURE = Object.assign(new Error('the handler failed'), { status: 418 })
/** Handlers that do something to the session, and then fail with `error`. */
const failing = (error: unknown): Handlers => ({
  '/login': (ctx) => (ctx.session.user = 'alice'),
  '/fail': (ctx) => {
    ctx.session.theme = 'dark'
    throw error
  },
  '/logout': (ctx) => {
    ctx.session = null
    throw error
  },
  '/regenerate': async (ctx) => {
    await ctx.session.regenerate()
    throw error
  },
  '/save': async (ctx) => {
    ctx.session.theme = 'dark'
    await ctx.session.save()
    throw error
  },
  '/nothing': () => {
    throw error
  },
})
const CASES = Object.entries(KOA_VERSIONS).flatMap(([koa, KoaClass]) =>
  BACKENDS.map((backend) => ({ ...backend, koa, KoaClass })),
)

describe.each(CASES)('a handler that throws, with $koa and $name', ({ options, KoaClass }) => {
  const create = (error: unknown = FAILURE, more: SessionOptions = {}): Site =>
    createSite({ ...options(), ...more }, failing(error), createApp(KoaClass))

  test('R14, D5: its error reaches the client and the app unchanged, and once', async () => {
    const { visitor, errors } = create()
    const answer = await visitor.get('/fail')
    expect(answer.status).toBe(418)
    expect(errors).toEqual([FAILURE])
    expect(errors[0]).toBe(FAILURE)
    expect(FAILURE).not.toHaveProperty('headers')
  })

  test.each(['/fail', '/save', '/regenerate', '/logout'])(
    'R14, D5: the cookies are on the response: %s',
    async (path) => {
      const { visitor } = create()
      await visitor.get('/login')
      expect(cookieNames(await visitor.get(path))).toEqual(['koa.sess', 'koa.sess.sig'])
    },
  )

  test.each([
    ['/fail', { user: 'alice', theme: 'dark' }],
    ['/save', { user: 'alice', theme: 'dark' }],
    ['/regenerate', { user: 'alice' }],
    ['/logout', {}],
    ['/nothing', { user: 'alice' }],
  ])('R14, D5: the session is what the client was told: %s', async (path, data) => {
    const { visitor } = create()
    await visitor.get('/login')
    await visitor.get(path)
    expect(await sessionOf(visitor)).toEqual(data)
  })

  test('R14: one that leaves the session alone gets no cookies', async () => {
    expect((await create().visitor.get('/nothing')).setCookie).toEqual([])
  })

  test.each([['a string'], [5], [{ reason: 'none' }]])('R14, D5: it may throw %p', async (thrown) => {
    const { visitor } = create(thrown)
    await visitor.get('/login')
    expect(cookieNames(await visitor.get('/fail'))).toEqual(['koa.sess', 'koa.sess.sig'])
    expect(await sessionOf(visitor)).toEqual({ user: 'alice', theme: 'dark' })
  })

  test('R14: the headers that its error asks for are there as well', async () => {
    const error = Object.assign(new Error('go away'), {
      status: 401,
      headers: { 'WWW-Authenticate': 'Basic', 'Set-Cookie': ['theme=dark; path=/'] },
    })
    const { visitor } = create(error)
    const answer = await visitor.get('/fail')
    expect(answer.headers['www-authenticate']).toBe('Basic')
    expect(cookieNames(answer).sort()).toEqual(['koa.sess', 'koa.sess.sig', 'theme'])
  })

  test('R14: a cookie of the name that its error asks for wins', async () => {
    const error = Object.assign(new Error('go away'), { headers: { 'Set-Cookie': 'koa.sess=of-the-error' } })
    const { visitor } = create(error)
    const lines = (await visitor.get('/fail')).setCookie.map(parseSetCookie).filter(({ name }) => name === 'koa.sess')
    expect(lines.map(({ value }) => value)).toEqual(['of-the-error'])
  })

  test('R14: cookies that are not the session’s go, as Koa would have it', async () => {
    const app = createApp(KoaClass)
    app.use((ctx, next) => {
      ctx.cookies.set('theme', 'dark', { signed: false })
      return next()
    })
    const { visitor } = createSite(options(), failing(FAILURE), app)
    expect(cookieNames(await visitor.get('/fail'))).toEqual(['koa.sess', 'koa.sess.sig'])
  })

  test.each([
    ['a frozen error', Object.freeze(new Error('frozen'))],
    ['a frozen object', Object.freeze({})],
    ['a string', 'text'],
    ['null', null],
    ['undefined', undefined],
  ])('R14, D5: %s reaches the application’s own handler of errors as it is', async (_, thrown) => {
    const caught: unknown[] = []
    const app = createApp(KoaClass)
    app.use(async (ctx, next) => {
      try {
        await next()
      } catch (error) {
        caught.push(error)
        ctx.status = 422
        ctx.body = 'sorry'
      }
    })
    const { visitor } = createSite(options(), failing(thrown), app)
    const answer = await visitor.get('/fail')
    expect([answer.status, answer.body]).toEqual([422, 'sorry'])
    expect(caught).toEqual([thrown])
    expect(caught[0]).toBe(thrown)
    expect(cookieNames(answer)).toEqual(['koa.sess', 'koa.sess.sig'])
    expect(await sessionOf(visitor)).toEqual({ theme: 'dark' })
  })

  test.each([[false], [() => false]])(
    'R14, D5: commitOnError: %p saves nothing and sets no cookie',
    async (setting) => {
      const { visitor, errors } = create(FAILURE, { commitOnError: setting, rolling: true })
      await visitor.get('/login')
      for (const path of ['/fail', '/logout', '/nothing']) expect((await visitor.get(path)).setCookie).toEqual([])
      expect(errors).toEqual([FAILURE, FAILURE, FAILURE])
      expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
    },
  )

  test('R14, D5: commitOnError: false takes back nothing that the handler saved itself', async () => {
    const { visitor } = create(FAILURE, { commitOnError: false })
    await visitor.get('/login')
    expect(cookieNames(await visitor.get('/regenerate'))).toEqual(['koa.sess', 'koa.sess.sig'])
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test('R14, D5: commitOnError may decide by the error and the context', async () => {
    const commitOnError = jest.fn((error: unknown, _ctx: Context) => error !== FAILURE)
    const { visitor } = create(FAILURE, { commitOnError })
    await visitor.get('/fail?n=1')
    expect(commitOnError).toHaveBeenCalledTimes(1)
    expect(commitOnError.mock.calls[0]?.[0]).toBe(FAILURE)
    expect(commitOnError.mock.calls[0]?.[1].url).toBe('/fail?n=1')
    expect(await sessionOf(visitor)).toEqual({})
    const other = create(new Error('another'), { commitOnError })
    await other.visitor.get('/fail')
    expect(await sessionOf(other.visitor)).toEqual({ theme: 'dark' })
  })

  test('R15, D4: an error of commitOnError does not take the place of the handler’s', async () => {
    const second = new Error('cannot decide')
    const commitOnError = () => {
      throw second
    }
    const { visitor, errors, events } = create(FAILURE, { commitOnError })
    expect((await visitor.get('/fail')).status).toBe(418)
    await nextTurn()
    expect(new Set(errors)).toEqual(new Set([FAILURE, second]))
    expect(events.map(({ name, detail }) => [name, detail.error])).toEqual([['error', second]])
  })

  test('R15, D4: an error of beforeSave does not take the place of the handler’s', async () => {
    const second = new Error('not now')
    const { visitor, errors, events } = create(FAILURE, { beforeSave: () => Promise.reject(second) })
    const answer = await visitor.get('/fail')
    expect(answer.status).toBe(418)
    expect(answer.setCookie).toEqual([])
    await nextTurn()
    expect(new Set(errors)).toEqual(new Set([FAILURE, second]))
    expect(events.map(({ name, detail }) => [name, detail.error])).toEqual([['error', second]])
  })
})

describe.each(BACKENDS)('two sessions, with $name', ({ options }) => {
  test('D5, D7: both keep their cookies on the error response', async () => {
    const app = createApp()
    app.use(session(options(), app)).use(session({ ...options(), key: 'admin.sess', property: 'admin' }, app))
    addHandlers(app, {
      '/fail': (ctx) => {
        ctx.session.user = 'alice'
        ;(ctx as unknown as { admin: Context['session'] }).admin.role = 'root'
        throw FAILURE
      },
    })
    const { visitor } = observe(app)
    expect(cookieNames(await visitor.get('/fail')).sort()).toEqual(
      ['admin.sess', 'admin.sess.sig', 'koa.sess', 'koa.sess.sig'].sort(),
    )
  })
})
