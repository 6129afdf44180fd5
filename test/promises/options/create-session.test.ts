import byDefault, {
  createSession,
  MemoryStore,
  session,
  SessionError,
  SessionService,
  type CreateSessionOptions,
} from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { cookieNames, cookieOf } from '../../support/set-cookie'

let warnings: string[]
beforeEach(() => {
  warnings = []
  jest.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)))
})
afterEach(() => jest.restoreAllMocks())

/** An app that counts its visits, in a session made with these options. */
function visit(options: object): Visitor {
  const app = createApp()
  app.use(createSession(options as CreateSessionOptions, app))
  app.use((ctx) => {
    ctx.session.views = Number(ctx.session.views ?? 0) + 1
    ctx.body = ctx.session.views
  })
  return new Visitor(app)
}

test('R78: createSession() keeps sessions as session() does, in both orders of the arguments', async () => {
  const app = createApp()
  const middleware = createSession(app, { key: 'shop' })
  app.use(middleware).use((ctx) => {
    ctx.session.user = 'ann'
    ctx.body = ctx.session
  })
  const visitor = new Visitor(app)
  expect(cookieNames(await visitor.get())).toEqual(['shop', 'shop.sig'])
  expect(middleware.sessions.options.key).toBe('shop')
})

test.each([
  ['graceMs', 5, 'Unknown session option "graceMs". Leave it out; docs/options.md has a table of all options.'],
  ['samesite', 'lax', 'Unknown session option "samesite". Did you mean "sameSite"?'],
  ['anything', 1, 'Unknown session option "anything". Leave it out; docs/options.md has a table of all options.'],
  ['hashIds', true, 'Unknown session option "hashIds". It is called "hashTokens" now.'],
  ['recheck', 1000, 'Unknown session option "recheck". It is called "recheckEvery" now.'],
  ['secureProxy', true, 'Unknown session option "secureProxy". Set app.proxy = true and secure: true.'],
])(
  'D23, R78: createSession() warns once of the unknown option %s, and goes on without it',
  async (name, value, message) => {
    for (const environment of ['production', 'test', 'test']) {
      jest.replaceProperty(process, 'env', { ...process.env, NODE_ENV: environment })
      const visitor = visit({ [name]: value })
      await visitor.get()
      expect((await visitor.get()).body).toBe('2')
    }
    expect(warnings).toEqual([`${message} It has no effect.`])
    expect(() => session({ [name]: value } as object, createApp())).toThrow(message)
    expect(() => new SessionService(createApp(), { [name]: value })).toThrow(message)
  },
)

test.each([[undefined], [null]])('R78: an option that is %s is left out by createSession()', async (nothing) => {
  const names = ['sameSite', 'maxAge', 'store', 'domain', 'secure', 'httpOnly', 'signed', 'genid', 'prefix', 'anything']
  const visitor = visit(Object.fromEntries(names.map((name) => [name, nothing])))
  const { attributes } = cookieOf(await visitor.get())
  expect(attributes).toEqual(expect.objectContaining({ path: '/', httponly: true }))
  expect(attributes).not.toHaveProperty('samesite')
  expect((await visitor.get()).body).toBe('2')
})

test('R78: an option that is known and cannot be is refused by createSession() as well', () => {
  expect(() => visit({ sameSite: 'loose' })).toThrow(SessionError)
  expect(() => visit({ maxAge: '1 day' })).toThrow('takes a positive number of milliseconds, 400 days at most')
  expect(() => createSession({}, undefined as never)).toThrow('app instance required')
  expect(() => createSession('nonsense' as never, createApp())).toThrow('Session options are an object')
})

test('R78: a second createSession() on an app is the first one, and says so', async () => {
  const store = new MemoryStore()
  const app = createApp()
  const first = createSession({ store }, app)
  const second = createSession({ key: 'oauth' }, app)
  expect(second.sessions).toBe(first.sessions)
  expect(warnings).toEqual([expect.stringContaining('on ctx.session already')])
  app.use(first).use(second)
  app.use((ctx) => {
    ctx.session.views = Number(ctx.session.views ?? 0) + 1
    ctx.body = ctx.session.views
  })
  const visitor = new Visitor(app)
  expect(cookieNames(await visitor.get())).toEqual(['koa.sess', 'koa.sess.sig'])
  expect((await visitor.get()).body).toBe('2')
  expect(store.size).toBe(1)

  // Used alone, it serves requests too.
  const alone = createApp()
  createSession({}, alone)
  alone.use(createSession({ key: 'oauth' }, alone)).use((ctx) => {
    ctx.session.user = 'ann'
    ctx.body = ''
  })
  expect(cookieNames(await new Visitor(alone).get())).toEqual(['koa.sess', 'koa.sess.sig'])
})

test('R78: createSession() with a property of its own is a second session, and is refused where its cookie is taken', () => {
  const app = createApp()
  const first = createSession({}, app)
  const second = createSession({ key: 'admin', property: 'admin' }, app)
  expect(second.sessions).not.toBe(first.sessions)
  expect(() => createSession({ property: 'other' }, app)).toThrow('This app has a session with the cookie "koa.sess"')
})

test('R93, D23: the default export is createSession(), as in koa-session; session by its name refuses what it does not know', () => {
  expect(byDefault).toBe(createSession)
  expect(byDefault).not.toBe(session)
  expect(() => byDefault({ logValue: true } as object, createApp())).not.toThrow()
  expect(() => session({ logValue: true } as object, createApp())).toThrow('Unknown session option "logValue"')
})

test.each(['cookie', 'store'])(
  'R93: createSession() refuses "encrypt" where the cookie would be written by Koa: %s',
  (kind) => {
    const options = { encrypt: true, ...(kind === 'store' ? { store: new MemoryStore() } : {}) }
    expect(() => createSession(options as object, createApp())).toThrow(
      expect.objectContaining({
        code: 'ERR_SESSION_OPTIONS',
        message: expect.stringContaining('sealed({ keys })') as string,
      }),
    )
    expect(() => createSession({ ...options, encrypt: false } as object, createApp())).not.toThrow()
  },
)
