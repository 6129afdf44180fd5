import type { Context } from 'koa'
import { MemoryStore, session, SessionService, type Container, type Session } from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { cookieNames, cookieOf } from '../../support/set-cookie'
import { addHandlers, observe, type Handlers } from '../../support/app/site'

interface TwoSessions extends Context {
  admin: Session | null
  adminOptions: { maxAge: number; path?: string }
}

const HANDLERS: Handlers = {
  '/login': (ctx) => (ctx.session.user = 'alice'),
  '/admin': (ctx) => ((ctx as TwoSessions).admin!.role = 'root'),
  '/both': (ctx) => {
    ctx.session.user = 'alice'
    ;(ctx as TwoSessions).admin!.role = 'root'
  },
  '/leave-admin': (ctx) => ((ctx as TwoSessions).admin = null),
  '/show': (ctx) => (ctx.body = [ctx.session, (ctx as TwoSessions).admin]),
  '/options': (ctx) => (ctx.body = [ctx.sessionOptions.maxAge, (ctx as TwoSessions).adminOptions.maxAge]),
}

describe.each(BACKENDS)('two sessions on one app with $name', ({ options, cookies }) => {
  function createTwo() {
    const app = createApp()
    const first = session(options(), app)
    const second = session({ ...options(), key: 'admin.sess', property: 'admin', maxAge: 5_000 }, app)
    app.use(first).use(second)
    addHandlers(app, HANDLERS)
    return { first: first.sessions, second: second.sessions, app, ...observe(app) }
  }

  test('D7: two sessions on one app keep their data apart', async () => {
    const { visitor } = createTwo()
    await visitor.get('/both')
    expect((await visitor.get('/show')).json()).toEqual([{ user: 'alice' }, { role: 'root' }])
  })

  test('D7: two sessions on one app have a cookie each', async () => {
    const { visitor } = createTwo()
    expect(cookieNames(await visitor.get('/login'))).toEqual(cookies())
    expect(cookieNames(await visitor.get('/admin'))).toEqual(cookies('admin.sess'))
  })

  test('D7: two sessions on one app do not take each other’s cookie for their own', async () => {
    const { visitor } = createTwo()
    const { value } = cookieOf(await visitor.get('/login'))
    const signature = visitor.jar.values.get('koa.sess.sig') ?? ''
    visitor.jar.values.set('admin.sess', value).set('admin.sess.sig', signature)
    expect((await visitor.get('/show')).json()).toEqual([{ user: 'alice' }, {}])
  })

  test('D7: two sessions on one app end apart', async () => {
    const { visitor } = createTwo()
    await visitor.get('/both')
    expect(cookieNames(await visitor.get('/leave-admin'))).toEqual(cookies('admin.sess'))
    expect((await visitor.get('/show')).json()).toEqual([{ user: 'alice' }, {}])
  })

  test('D7: two sessions on one app have options of their own, on the context and on the service', async () => {
    const { visitor, first, second } = createTwo()
    expect((await visitor.get('/options')).json()).toEqual([86_400_000, 5_000])
    expect([first.options.maxAge, second.options.maxAge]).toEqual([86_400_000, 5_000])
  })
})

test.each([
  ['the same options', {}, {}],
  ['the same cookie', {}, { property: 'admin' }],
  ['the same property', {}, { key: 'admin.sess' }],
  ['the same cookie, by name', { key: 'shop' }, { key: 'shop', property: 'admin' }],
  ['a cookie that is the other’s signature', {}, { key: 'koa.sess.sig', property: 'admin' }],
  ['a property that is the other’s options', {}, { key: 'admin.sess', property: 'sessionOptions' }],
])('D7: two sessions with %s clash at construction', (_, first, second) => {
  const app = createApp()
  session(first, app)
  expect(() => session(second, app)).toThrow(expect.objectContaining({ code: 'ERR_SESSION_CLASH' }))
  expect(() => session(second, app)).toThrow(/"key" and a "property" of its own/)
})

test('D7: a clash leaves the first session as it was', async () => {
  const app = createApp()
  app.use(session({ key: 'shop' }, app))
  expect(() => session({ key: 'other' }, app)).toThrow()
  addHandlers(app, HANDLERS)
  expect(cookieNames(await observe(app).visitor.get('/login'))).toEqual(['shop', 'shop.sig'])
})

test('D7: a session whose construction failed does not stand in the way of the next one', () => {
  const app = createApp()
  const container: Container = {
    get() {
      throw new Error('no database')
    },
  }
  expect(() => session({ store: MemoryStore, container }, app)).toThrow('no database')
  expect(() => session({ store: new MemoryStore() }, app)).not.toThrow()
})

test('R46: two apps may use the same cookie and property', () => {
  session({}, createApp())
  expect(() => session({}, createApp())).not.toThrow()
})

test('D7: a service finds the session of its own class', () => {
  class AdminSessions extends SessionService {}
  const app = createApp()
  const admin = new AdminSessions(app, { key: 'admin.sess', property: 'admin' })
  const ctx = app.createContext({} as never, {} as never)
  expect(AdminSessions.of(ctx)).toBe(admin)
})

test.each(['body', 'state', 'cookies', 'request', 'app', 'throw'])(
  'R38, D8: a property that Koa’s context has already is refused: %s',
  (property) => {
    expect(() => session({ property }, createApp())).toThrow(
      expect.objectContaining({ code: 'ERR_SESSION_OPTIONS', message: expect.stringContaining(`"${property}"`) }),
    )
  },
)
