import type { Context } from 'koa'
import { ContextStore, MemoryStore, session, type SessionRecord } from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { BACKENDS, backendsWith, PlainStore } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'
import { cookieNames, cookieOf, recordIn } from '../../support/set-cookie'
import { addHandlers, createSite, observe, sessionOf, type Handlers } from '../../support/app/site'
import { spyOn } from '../../support/spies/spy-on'

const ONE_DAY = 86_400_000
const HANDLERS: Handlers = {
  '/login': (ctx) => (ctx.session.user = 'alice'),
  '/commit': async (ctx) => {
    ctx.session.user = 'alice'
    await ctx.session.manuallyCommit()
  },
}

describe.each(BACKENDS)('saving with $name', ({ options, cookies }) => {
  let clock: ReturnType<typeof stopClock>
  beforeEach(() => (clock = stopClock()))
  afterEach(startClock)

  test('R1: autoCommit, by default, saves a change at the end of the request', async () => {
    const { visitor } = createSite(options(), HANDLERS)
    expect(cookieNames(await visitor.get('/login'))).toEqual(cookies())
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test('R1: autoCommit: false saves nothing by itself', async () => {
    const { visitor } = createSite({ ...options(), autoCommit: false }, HANDLERS)
    expect((await visitor.get('/login')).setCookie).toEqual([])
    expect(await sessionOf(visitor)).toEqual({})
  })

  test('R1: autoCommit: false saves what is committed by hand', async () => {
    const { visitor } = createSite({ ...options(), autoCommit: false }, HANDLERS)
    await visitor.get('/commit')
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test('R1: without rolling and renew, a session that is not changed is not renewed', async () => {
    const { visitor } = createSite(options(), HANDLERS)
    await visitor.get('/login')
    clock.advance(0.9 * ONE_DAY)
    expect((await visitor.get('/')).setCookie).toEqual([])
    clock.advance(0.2 * ONE_DAY)
    expect(await sessionOf(visitor)).toEqual({})
  })

  test('R1, D19: rolling renews the session with every response, also where the handler leaves it alone', async () => {
    const { visitor } = createSite({ ...options(), rolling: true }, HANDLERS)
    await visitor.get('/login')
    for (let visit = 0; visit < 3; visit++) {
      clock.advance(0.9 * ONE_DAY)
      expect(cookieOf(await visitor.get('/untouched')).expires).toBe(Date.now() + ONE_DAY)
    }
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test('D19: rolling gives nothing to a visitor without a session', async () => {
    const { visitor } = createSite({ ...options(), rolling: true }, HANDLERS)
    expect((await visitor.get('/untouched')).setCookie).toEqual([])
    expect((await visitor.get('/')).setCookie).toEqual([])
  })

  test('R1: renew renews a session when less than half of its life is left', async () => {
    const { visitor } = createSite({ ...options(), renew: true }, HANDLERS)
    await visitor.get('/login')
    clock.advance(0.5 * ONE_DAY)
    expect((await visitor.get('/')).setCookie).toEqual([])
    clock.advance(1_000)
    expect(cookieOf(await visitor.get('/')).expires).toBe(Date.now() + ONE_DAY)
    clock.advance(0.9 * ONE_DAY)
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })
})

describe.each(backendsWith({ hasIds: true }))('records with $name', ({ options }) => {
  test('R1: a record rests in the store, and the cookie holds its id alone', async () => {
    const { visitor } = createSite({ ...options(), genid: () => 'the-id' }, HANDLERS)
    expect(cookieOf(await visitor.get('/login')).value).toBe('the-id')
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })
})

describe('records', () => {
  test('R1: a record rests in the cookie where there is no store', async () => {
    const { visitor } = createSite({}, HANDLERS)
    expect(recordIn(cookieOf(await visitor.get('/login')).value)).toMatchObject({ user: 'alice' })
  })

  test('R1: a store is told key, record, lifetime and request, as in koa-session', async () => {
    stopClock()
    const { store, argsOf } = spyOn({ store: new PlainStore() })
    const contexts: Context[] = []
    const { visitor } = createSite(
      { store, genid: () => 'the-id', rolling: true, maxAge: 5_000 },
      {
        '/login': (ctx) => {
          contexts.push(ctx)
          ctx.session.user = 'alice'
        },
        '/logout': (ctx) => {
          contexts.push(ctx)
          ctx.session = null
        },
      },
    )
    await visitor.get('/login')
    await visitor.get('/logout')
    const record = { user: 'alice', _expire: Date.now() + 5_000, _maxAge: 5_000 }
    const [[, , , set] = []] = argsOf('set') as [unknown, unknown, unknown, { ctx: Context }][]
    expect(argsOf('set')).toEqual([['the-id', record, 15_000, { rolling: true, changed: true, ctx: contexts[0] }]])
    expect(set?.ctx).toBe(contexts[0])
    expect(argsOf('get')).toEqual([['the-id', 5_000, { rolling: true, ctx: contexts[1] }]])
    expect(argsOf('destroy')).toEqual([['the-id', { ctx: contexts[1] }]])
    startClock()
  })

  test.each([
    ['changed', true, (ctx: Context) => (ctx.session.user = 'bob')],
    ['renewed', false, () => undefined],
    ['saved by order', false, (ctx: Context) => ctx.session.save()],
  ])('R1: a store is told whether the data changed: %s', async (_, changed, handler) => {
    const { store, argsOf } = spyOn({ store: new PlainStore() })
    const { visitor } = createSite({ store, rolling: true }, { ...HANDLERS, '/again': handler })
    await visitor.get('/login')
    await visitor.get('/again')
    expect(argsOf('set').map(([, , , request]) => (request as { changed: boolean }).changed)).toEqual([true, changed])
  })

  test('R1: one ContextStore is built per request, with its context', async () => {
    const built: Context[] = []
    const records = new MemoryStore()
    class TenantStore extends ContextStore {
      constructor(ctx: Context) {
        super(ctx)
        built.push(ctx)
      }
      get(key: string) {
        return records.get(this.ctx.hostname + key)
      }
      set(key: string, record: SessionRecord, maxAge: number) {
        records.set(this.ctx.hostname + key, record, maxAge)
      }
      destroy(key: string) {
        records.destroy(this.ctx.hostname + key)
      }
    }
    const { visitor } = createSite({ ContextStore: TenantStore }, HANDLERS)
    await visitor.get('/login', { host: 'one.example' })
    expect((await visitor.get('/', { host: 'two.example' })).json()).toEqual({ session: {} })
    expect((await visitor.get('/', { host: 'one.example' })).json()).toEqual({ session: { user: 'alice' } })
    expect(built.map(({ hostname }) => hostname)).toEqual(['one.example', 'two.example', 'one.example'])
  })

  test('R1: a session stays unread in its store with lazy until it is loaded', async () => {
    const { store, take } = spyOn({ store: new PlainStore() })
    const app = createApp()
    const middleware = session({ store, lazy: true }, app)
    app.use(middleware)
    addHandlers(app, {
      '/login': async (ctx) => {
        const loaded = await middleware.sessions.load(ctx)
        if (loaded) loaded.user = 'alice'
      },
    })
    const { visitor, errors } = observe(app)
    await visitor.get('/login')
    expect(take()).toEqual(['set'])
    await visitor.get('/untouched')
    expect(take()).toEqual([])
    expect((await visitor.get('/')).status).toBe(500)
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_NOT_LOADED' })])
  })
})
