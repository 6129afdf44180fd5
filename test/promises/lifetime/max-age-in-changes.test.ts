import { SessionService } from 'koa-session-service'
import { BACKENDS, backendsWith } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'
import { createSite, type Handlers } from '../../support/app/site'
import { cookieOf } from '../../support/set-cookie'
import { Visitor } from '../../support/app/app'

const ONE_DAY = 86_400_000
const THIRTY_DAYS = 30 * ONE_DAY
const FAILURE = new Error('failed')

interface Changed {
  maxAge?: unknown
  user?: string
}
/** A change that chooses a lifetime, and fails. */
const fail = async (session: Changed) => {
  session.maxAge = THIRTY_DAYS
  session.user = 'mallory'
  await Promise.reject(FAILURE)
}
const HANDLERS: Handlers = {
  '/login': (ctx) => (ctx.session.user = 'alice'),
  '/count': (ctx) => (ctx.session.views = (ctx.session.views ?? 0) + 1),
  '/update': async (ctx) => {
    await expect(SessionService.of(ctx).update(fail as never, ctx)).rejects.toBe(FAILURE)
    ctx.body = { maxAge: ctx.session.maxAge }
  },
  '/once': async (ctx) => {
    await expect(SessionService.of(ctx).once('key', fail as never, ctx)).rejects.toBe(FAILURE)
    ctx.body = { maxAge: ctx.session.maxAge }
  },
  '/beside': async (ctx) => {
    ctx.session.maxAge = 2 * ONE_DAY
    await expect(SessionService.of(ctx).update(fail as never, ctx)).rejects.toBe(FAILURE)
    ctx.body = { maxAge: ctx.session.maxAge }
  },
  '/within': async (ctx) => {
    await SessionService.of(ctx).update(async (session: Changed) => {
      session.maxAge = THIRTY_DAYS
      ctx.body = { maxAge: [session.maxAge, ctx.session.maxAge] }
    }, ctx)
  },
}

describe.each(BACKENDS)('session.maxAge in a change, with $name', ({ options }) => {
  beforeEach(() => stopClock())
  afterEach(startClock)

  async function signedIn() {
    const { visitor, errors } = createSite(options(), HANDLERS)
    await visitor.get('/login')
    return { visitor, errors }
  }

  test.each(['/update', '/once'])('R26: what %s has set before it failed is left nowhere', async (path) => {
    const { visitor, errors } = await signedIn()
    const answer = await visitor.get(path)
    expect(answer.json()).toEqual({ maxAge: ONE_DAY })
    // A store has noted who was at the work of once().
    if (answer.setCookie.length > 0) expect([path, cookieOf(answer).expires]).toEqual(['/once', Date.now() + ONE_DAY])
    expect(cookieOf(await visitor.get('/count')).expires).toBe(Date.now() + ONE_DAY)
    expect((await visitor.get('/')).json()).toEqual({ session: { user: 'alice', views: 1 } })
    expect(errors).toEqual([])
  })

  test('R26: what the handler has set beside a change that failed stays', async () => {
    const { visitor } = await signedIn()
    const answer = await visitor.get('/beside')
    expect(answer.json()).toEqual({ maxAge: 2 * ONE_DAY })
    expect(cookieOf(answer).expires).toBe(Date.now() + 2 * ONE_DAY)
  })

  test('R26: what a change has set is the session’s when the change is written, and its own until then', async () => {
    const { visitor } = await signedIn()
    const answer = await visitor.get('/within')
    expect(answer.json()).toEqual({ maxAge: [THIRTY_DAYS, ONE_DAY] })
    expect(cookieOf(answer).expires).toBe(Date.now() + THIRTY_DAYS)
    expect(cookieOf(await visitor.get('/count')).expires).toBe(Date.now() + THIRTY_DAYS)
  })

  test('R26: all that share the work of once() have the maxAge that it has set', async () => {
    let calls = 0
    const work = async (session: Changed) => {
      calls++
      session.maxAge = THIRTY_DAYS
      await new Promise(setImmediate)
    }
    const { app, visitor } = createSite(
      { ...options(), owner: () => 'ann' },
      {
        ...HANDLERS,
        '/share': async (ctx) => {
          await SessionService.of(ctx).once('key', work, ctx)
          ctx.body = { maxAge: ctx.session.maxAge }
        },
      },
    )
    await visitor.get('/login')
    const browsers = Array.from({ length: 5 }, () => new Visitor(app, visitor.jar.copy()))
    const answers = await Promise.all(browsers.map((browser) => browser.get('/share')))
    expect(answers.map((answer) => answer.json())).toEqual(Array(5).fill({ maxAge: THIRTY_DAYS }))
    expect(calls).toBe(1)
    for (const browser of browsers) expect(cookieOf(await browser.get('/count')).expires).toBe(Date.now() + THIRTY_DAYS)
  })
})

describe.each(backendsWith({ isConditional: true }))(
  'session.maxAge in a change of a held session, with $name',
  ({ options }) => {
    beforeEach(() => stopClock())
    afterEach(startClock)

    test('R26: what the change of a held session has set before it failed, or was refused, is left nowhere', async () => {
      const { sessions, visitor } = createSite({ ...options(), owner: (data) => data.user as string }, HANDLERS)
      await visitor.get('/login')
      const held = await sessions.open({ headers: { cookie: visitor.jar.header } })
      await expect(held?.update(fail as never)).rejects.toBe(FAILURE)
      await expect(
        held?.update((session: Changed) => void Object.assign(session, { maxAge: THIRTY_DAYS, user: 'bob' })),
      ).rejects.toMatchObject({
        code: 'ERR_SESSION_OWNER_CHANGED',
      })
      await held?.update((session) => (session.seen = true))
      expect(cookieOf(await visitor.get('/count')).expires).toBe(Date.now() + ONE_DAY)
      await held?.update((session: Changed) => (session.maxAge = THIRTY_DAYS))
      expect(cookieOf(await visitor.get('/count')).expires).toBe(Date.now() + THIRTY_DAYS)
      held?.release()
    })
  },
)
