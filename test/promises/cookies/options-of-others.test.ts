import Cookies from 'cookies'
import type Koa from 'koa'
import type { Context } from 'koa'
import { createSession, MemoryStore, type CreateSessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { cookieNames, cookieOf } from '../../support/set-cookie'

type Given = Record<string, unknown>

/** Cookies of a framework's own: they can be encrypted, and note which options they are given. */
class FrameworkCookies {
  static readonly given: [verb: string, name: string, options: Given][] = []
  readonly #cookies: Cookies

  constructor(ctx: Context) {
    this.#cookies = new Cookies(ctx.req, ctx.res, { keys: ctx.app.keys as string[] })
  }

  get(name: string, options: Given = {}): string | undefined {
    FrameworkCookies.given.push(['get', name, options])
    const value = this.#cookies.get(name, options.encrypt ? { signed: false } : { signed: options.signed === true })
    return options.encrypt ? value && turned(value) : value
  }

  set(name: string, value: string, options: Given = {}): void {
    FrameworkCookies.given.push(['set', name, options])
    this.#cookies.set(
      name,
      options.encrypt ? turned(value) : value,
      options.encrypt ? { ...options, signed: false } : options,
    )
  }
}

/** Stands for encryption: what is turned twice is as it was. */
function turned(text: string): string {
  return Array.from(text, (letter) => String.fromCharCode(letter.charCodeAt(0) ^ 1)).join('')
}

/** An app whose `ctx.cookies` are a framework's. */
function frameworkApp(KoaClass?: typeof Koa): Koa {
  const app = createApp(KoaClass)
  const made = new WeakMap<object, FrameworkCookies>()
  Object.defineProperty(app.context, 'cookies', {
    get(this: Context) {
      if (!made.has(this)) made.set(this, new FrameworkCookies(this))
      return made.get(this)
    },
  })
  return app
}

function visitorOf(app: Koa, options: object): Visitor {
  app.use(createSession({ key: 's', ...options } as CreateSessionOptions, app))
  app.use((ctx) => {
    if (ctx.path === '/login') ctx.session.user = 'alice'
    if (ctx.path === '/logout') ctx.session = null
    ctx.body = JSON.stringify(ctx.session)
  })
  return new Visitor(app)
}

let warnings: string[]
beforeEach(() => {
  warnings = []
  FrameworkCookies.given.length = 0
  jest.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)))
})
afterEach(() => jest.restoreAllMocks())

describe.each(Object.entries(KOA_VERSIONS))('%s', (_, KoaClass) => {
  test('R93: options of other libraries reach the ctx.cookies of the app, at every call', async () => {
    const visitor = visitorOf(frameworkApp(KoaClass), { removeUnpartitioned: true, logValue: false })
    for (const path of ['/login', '/', '/logout']) await visitor.get(path)
    expect(FrameworkCookies.given.map(([verb]) => verb)).toEqual(['set', 'get', 'set'])
    for (const [, name, options] of FrameworkCookies.given) {
      expect([name, options]).toEqual([
        's',
        expect.objectContaining({ removeUnpartitioned: true, logValue: false, signed: true }),
      ])
    }
    expect(warnings).toEqual([])
  })

  test.each([
    ['cookie', {}],
    ['store', { store: new MemoryStore() }],
  ])('R93: a cookie that the app encrypts stays encrypted: %s', async (_, options) => {
    const visitor = visitorOf(frameworkApp(KoaClass), { encrypt: true, ...options })
    const login = await visitor.get('/login')
    expect(cookieNames(login)).toEqual(['s'])
    const readable = cookieOf(login, 's').value
    expect(Buffer.from(readable, 'base64').toString()).not.toContain('alice')
    expect((await visitor.get('/')).json()).toEqual({ user: 'alice' })
    await visitor.get('/logout')
    expect(visitor.jar.values.size).toBe(0)
  })

  test('R93: a request fails where cookies that can encrypt do not, and nothing readable goes out', async () => {
    const app = frameworkApp(KoaClass)
    const errors: unknown[] = []
    app.on('error', (error) => errors.push(error))
    app.use((ctx, next) => {
      const cookies = new Cookies(ctx.req, ctx.res, { keys: ctx.app.keys as string[] })
      // One that only wraps Koa's, and Koa's own.
      const wrapped = { get: cookies.get.bind(cookies), set: cookies.set.bind(cookies) }
      Object.defineProperty(ctx, 'cookies', { value: ctx.query.own ? cookies : wrapped })
      return next()
    })
    const visitor = visitorOf(app, { encrypt: true })
    for (const path of ['/login', '/login?own=1']) {
      expect(await visitor.get(path)).toMatchObject({ status: 500, setCookie: [] })
      expect(errors.pop()).toMatchObject({
        code: 'ERR_SESSION_OPTIONS',
        message: expect.stringContaining('sealed({ keys })') as string,
      })
    }
  })
})

test('R93: a misspelt option is told of, also where the app has cookies of its own', () => {
  visitorOf(frameworkApp(), { rollling: true })
  expect(warnings).toEqual([
    'Unknown session option "rollling". Did you mean "rolling"? It is handed on to ctx.cookies.',
  ])
})

test('R93: no option of others takes the place of the cookie’s name or value', async () => {
  const app = createApp()
  app.use((ctx, next) => {
    const set = ctx.cookies.set.bind(ctx.cookies)
    ctx.cookies.set = (name: string, value?: string | null, options?: Cookies.SetOption) => set(name, value, options)
    return next()
  })
  const visitor = visitorOf(app, { name: 'theirs', value: 'theirs' })
  await visitor.get('/login')
  expect((await visitor.get('/')).json()).toEqual({ user: 'alice' })
})

test('R93: the time that removes a cookie is past, whatever the app does with an empty cookie', async () => {
  const app = createApp()
  const written: unknown[] = []
  app.use((ctx, next) => {
    const { cookies } = ctx
    const set = cookies.set.bind(cookies)
    cookies.set = (name: string, value?: string | null, options?: Cookies.SetOption) => {
      written.push([value === '', options?.expires?.getTime()])
      return set(name, value, options)
    }
    return next()
  })
  const visitor = visitorOf(app, {})
  for (const path of ['/login', '/logout']) await visitor.get(path)
  expect(written).toEqual([
    [false, undefined],
    [true, 0],
  ])
})
