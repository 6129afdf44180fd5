import { MemoryStore, session, SessionError, SessionService, type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { freshSession } from '../../support/app/fresh-session'
import { cookieNames, cookieOf } from '../../support/set-cookie'
import { addHandlers, createSite, observe, sessionOf, type Handlers } from '../../support/app/site'

const HANDLERS: Handlers = { '/login': (ctx) => (ctx.session.user = 'alice') }

describe.each(Object.entries(KOA_VERSIONS))('construction with %s', (_, KoaClass) => {
  test.each([
    ['session(options, app)', (app: any) => session({ key: 'shop' }, app), 'shop'],
    ['session(app, options)', (app: any) => session(app, { key: 'shop' }), 'shop'],
    ['session({}, app)', (app: any) => session({}, app), 'koa.sess'],
    ['session(undefined, app)', (app: any) => session(undefined, app), 'koa.sess'],
    ['session(null, app)', (app: any) => session(null as never, app), 'koa.sess'],
    ['session(app)', (app: any) => session(app), 'koa.sess'],
    ['new SessionService(app, options)', (app: any) => new SessionService(app, { key: 'shop' }).middleware(), 'shop'],
    ['new SessionService(app)', (app: any) => new SessionService(app).middleware(), 'koa.sess'],
  ])('R5: session options are taken as %s', async (_, create, key) => {
    const app = createApp(KoaClass)
    app.use(create(app))
    addHandlers(app, HANDLERS)
    const { visitor } = observe(app)
    expect(cookieNames(await visitor.get('/login'))).toEqual([key, `${key}.sig`])
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })
})

test.each([
  ['session()', () => (session as any)()],
  ['session({})', () => (session as any)({})],
  ['session({}, {})', () => session({}, {} as never)],
  ['session(undefined, null)', () => session(undefined, null as never)],
  ['session({ use: true })', () => (session as any)({ use: true })],
  ['new SessionService()', () => new (SessionService as any)()],
])('R5: the error of %s says that the app is missing', (_, create) => {
  expect(create).toThrow('app instance required: `session(opts, app)`')
  expect(create).toThrow(SessionError)
})

describe('the caller’s options', () => {
  const all = (): SessionOptions => ({
    key: 'shop',
    maxAge: 5_000,
    sameSite: null,
    store: new MemoryStore(),
    externalKey: undefined,
    genid: () => 'the-id',
  })

  test('R46, D20: options of the caller are not mutated', async () => {
    const options = all()
    const before = { ...options }
    const { visitor } = createSite(options, { '/login': (ctx) => (ctx.session.maxAge = 9_000) })
    await visitor.get('/login')
    expect(options).toStrictEqual(before)
  })

  test('R46, D20: options of the caller may be frozen', async () => {
    const { visitor } = createSite(Object.freeze(all()), HANDLERS)
    await visitor.get('/login')
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })

  test('R46, D20: options of the caller are read once: a later change has no effect', async () => {
    const options = all()
    const { visitor } = createSite(options, HANDLERS)
    Object.assign(options, { key: 'other', genid: () => 'another-id' })
    expect(cookieOf(await visitor.get('/login'), 'shop').value).toBe('the-id')
  })

  test('R46, D20: options of the caller are frozen with their defaults in service.options', () => {
    const { sessions } = createSite({ key: 'shop', sameSite: null })
    expect(sessions.options).toEqual({
      key: 'shop',
      maxAge: 86_400_000,
      autoCommit: true,
      overwrite: true,
      httpOnly: true,
      signed: true,
      rolling: false,
      renew: false,
      property: 'session',
      lazy: false,
      commitOnError: true,
      storeTimeout: 10_000,
      seenEvery: 300_000,
      recheckEvery: 30_000,
    })
    expect(Object.isFrozen(sessions.options)).toBe(true)
  })

  test('R46: options of the caller may serve two apps, whose sessions do not mix', async () => {
    const options = all()
    const [one, two] = [createSite(options, HANDLERS), createSite({ ...options, store: new MemoryStore() }, HANDLERS)]
    await one.visitor.get('/login')
    for (const [name, value] of one.visitor.jar.values) two.visitor.jar.values.set(name, value)
    expect(await sessionOf(two.visitor)).toEqual({})
    expect(await sessionOf(one.visitor)).toEqual({ user: 'alice' })
  })
})

describe('maxage', () => {
  afterEach(() => jest.restoreAllMocks())

  test('R1: maxage is an old spelling of maxAge, and says so once', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const session = freshSession()
    const open = () => {
      const app = createApp()
      const middleware = session({ maxage: 5_000 }, app)
      app.use(middleware)
      addHandlers(app, HANDLERS)
      return { sessions: middleware.sessions, ...observe(app) }
    }
    const { visitor, sessions } = open()
    open()
    expect(sessions.options).toMatchObject({ maxAge: 5_000 })
    expect(sessions.options).not.toHaveProperty('maxage')
    expect(warn.mock.calls).toEqual([[expect.stringContaining('"maxAge"'), 'DeprecationWarning']])
    const before = Date.now()
    const { expires = 0 } = cookieOf(await visitor.get('/login'))
    expect(expires - before).toBeLessThanOrEqual(6_000)
  })

  test('R1: maxage counts for nothing beside maxAge', () => {
    jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    expect(createSite({ maxage: 5_000, maxAge: 7_000 }).sessions.options.maxAge).toBe(7_000)
  })

  test('R1: a missing maxage, and production, cause no warning of the old spelling', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    createSite({ maxAge: 5_000 })
    jest.replaceProperty(process, 'env', { ...process.env, NODE_ENV: 'production' })
    freshSession()({ maxage: 5_000 }, createApp())
    expect(warn).not.toHaveBeenCalled()
  })
})
