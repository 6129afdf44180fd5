import { BACKENDS } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'
import { Visitor } from '../../support/app/app'
import { cookieOf } from '../../support/set-cookie'
import { createSite, sessionOf, type Handlers } from '../../support/app/site'

const ONE_DAY = 86_400_000
const THIRTY_DAYS = 30 * ONE_DAY
const HANDLERS: Handlers = {
  '/login': (ctx) => (ctx.session.user = 'alice'),
  '/remember': (ctx) => (ctx.session.maxAge = THIRTY_DAYS),
  '/until-closed': (ctx) => (ctx.session.maxAge = 'session'),
  '/count': (ctx) => (ctx.session.views = (ctx.session.views ?? 0) + 1),
  '/lifetime': (ctx) => (ctx.body = { maxAge: ctx.session.maxAge }),
  '/regenerate': (ctx) => ctx.session.regenerate(),
  '/switch': (ctx) => {
    ctx.body = ctx.session.user
    ctx.session = null
    ctx.session = { user: 'bob' }
  },
  '/save-twice': async (ctx) => {
    await ctx.session.save()
    await ctx.session.save()
  },
}

describe.each(BACKENDS)('session.maxAge with $name', ({ options, cookies }) => {
  let clock: ReturnType<typeof stopClock>
  beforeEach(() => (clock = stopClock()))
  afterEach(startClock)

  test('R26: session.maxAge, set alone, saves the session', async () => {
    const { visitor } = createSite(options(), HANDLERS)
    await visitor.get('/login')
    expect(cookieOf(await visitor.get('/remember')).expires).toBe(Date.now() + THIRTY_DAYS)
    clock.advance(29 * ONE_DAY)
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
    clock.advance(2 * ONE_DAY)
    expect(await sessionOf(visitor)).toEqual({})
  })

  test('R26: session.maxAge stays with the session through later changes', async () => {
    const { visitor } = createSite(options(), HANDLERS)
    await visitor.get('/login')
    await visitor.get('/remember')
    clock.advance(ONE_DAY)
    for (let visit = 0; visit < 3; visit++) {
      expect(cookieOf(await visitor.get('/count')).expires).toBe(Date.now() + THIRTY_DAYS)
    }
    expect((await visitor.get('/lifetime')).json()).toEqual({ maxAge: THIRTY_DAYS })
  })

  test('R26: session.maxAge stays with the session when it is renewed, and under a new token', async () => {
    const { visitor } = createSite({ ...options(), rolling: true }, HANDLERS)
    await visitor.get('/login')
    await visitor.get('/remember')
    clock.advance(ONE_DAY)
    expect(cookieOf(await visitor.get('/')).expires).toBe(Date.now() + THIRTY_DAYS)
    expect(cookieOf(await visitor.get('/regenerate')).expires).toBe(Date.now() + THIRTY_DAYS)
    expect(cookieOf(await visitor.get('/count')).expires).toBe(Date.now() + THIRTY_DAYS)
  })

  test('R26: session.maxAge can be taken back', async () => {
    const { visitor } = createSite(options(), {
      ...HANDLERS,
      '/forget': (ctx) => (ctx.session.maxAge = ONE_DAY),
    })
    await visitor.get('/remember')
    await visitor.get('/forget')
    expect(cookieOf(await visitor.get('/count')).expires).toBe(Date.now() + ONE_DAY)
  })

  test("R26: session.maxAge of one session is not another's", async () => {
    const { app, visitor: alice, sessions } = createSite(options(), HANDLERS)
    const bob = new Visitor(app)
    await alice.get('/login')
    await alice.get('/remember')
    expect(cookieOf(await bob.get('/login')).expires).toBe(Date.now() + ONE_DAY)
    expect((await bob.get('/lifetime')).json()).toEqual({ maxAge: ONE_DAY })
    expect(sessions.options.maxAge).toBe(ONE_DAY)
  })

  test("R26: session.maxAge of a session that is not accepted is not its successor's", async () => {
    const { visitor } = createSite({ ...options(), valid: (ctx) => ctx.path !== '/login' }, HANDLERS)
    await visitor.get('/remember')
    expect(cookieOf(await visitor.get('/login')).expires).toBe(Date.now() + ONE_DAY)
  })

  test("R26: session.maxAge = 'session' makes a cookie that lives until the browser is closed, and stays so", async () => {
    const { visitor } = createSite({ ...options(), rolling: true }, HANDLERS)
    await visitor.get('/login')
    expect(cookieOf(await visitor.get('/until-closed')).expires).toBeUndefined()
    expect(cookieOf(await visitor.get('/count')).expires).toBeUndefined()
    expect(cookieOf(await visitor.get('/')).expires).toBeUndefined()
    expect((await visitor.get('/lifetime')).json()).toEqual({ maxAge: 'session' })
  })

  test("R20: a session with maxAge 'session' keeps its session cookie when it is saved twice", async () => {
    const { visitor } = createSite({ ...options(), maxAge: 'session' }, HANDLERS)
    await visitor.get('/login')
    for (let visit = 0; visit < 2; visit++) {
      const answer = await visitor.get('/save-twice')
      for (const name of cookies()) expect(cookieOf(answer, name).expires).toBeUndefined()
    }
    expect((await visitor.get('/lifetime')).json()).toEqual({ maxAge: 'session' })
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test.each([0, -1, NaN, Infinity, 400 * ONE_DAY + 1, '1 day', null, undefined, {}])(
    'R26, R38: session.maxAge = %p is refused',
    async (maxAge) => {
      const caught: unknown[] = []
      const { visitor } = createSite(options(), {
        ...HANDLERS,
        '/bad': (ctx) => {
          try {
            ctx.session.maxAge = maxAge as never
          } catch (error) {
            caught.push(error)
          }
        },
      })
      await visitor.get('/login')
      expect((await visitor.get('/bad')).setCookie).toEqual([])
      expect(caught).toEqual([
        expect.objectContaining({
          code: 'ERR_SESSION_BAD_VALUE',
          message: expect.stringContaining(
            "takes a positive number of milliseconds, 400 days at most, or 'session', not ",
          ),
        }),
      ])
    },
  )
})
