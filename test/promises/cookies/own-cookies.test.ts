import Cookies from 'cookies'
import Keygrip from 'keygrip'
import type Koa from 'koa'
import type { Context } from 'koa'
import session from 'koa-session-service'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { cookieNames, cookieOf } from '../../support/set-cookie'

type Prepare = (ctx: Context) => void

/** Cookies with keys of the application's own. */
function withKeys(ctx: Context, ...keys: string[]): Cookies {
  return new Cookies(ctx.req, ctx.res, { keys: new Keygrip(keys) })
}

/** Cookies of another kind, that have another name on the wire. */
class Renamed {
  readonly #cookies: Cookies

  constructor(ctx: Context) {
    this.#cookies = withKeys(ctx, 'their own')
  }

  get(...[name, options]: Parameters<Cookies['get']>): string | undefined {
    return this.#cookies.get(`own-${name}`, options)
  }

  set(name: string, value?: string | null, options?: Cookies.SetOption): unknown {
    return this.#cookies.set(`own-${name}`, value, options)
  }
}

describe.each(Object.entries(KOA_VERSIONS))('%s', (_, KoaClass) => {
  function createVisitor(prepare: Prepare, app: Koa = createApp(KoaClass)): Visitor {
    app.use((ctx, next) => {
      prepare(ctx)
      return next()
    })
    app.use(session({ key: 's' }, app))
    app.use((ctx) => {
      if (ctx.path === '/login') ctx.session.user = 'alice'
      if (ctx.path === '/logout') ctx.session = null
      ctx.body = JSON.stringify(ctx.session)
    })
    return new Visitor(app)
  }

  /** Signs in, is known, and signs out: answers the first response. */
  async function visit(visitor: Visitor) {
    const login = await visitor.get('/login')
    expect(login.status).toBe(200)
    const next = await visitor.get('/')
    expect(next.json()).toEqual({ user: 'alice' })
    expect(next.setCookie).toEqual([])
    const signedIn = visitor.jar.copy()
    await visitor.get('/logout')
    expect(visitor.jar.values.size).toBe(0)
    return { login, signedIn }
  }

  function signatureOf(value: string, key: string): string {
    return new Keygrip([key]).sign(`s=${value}`)
  }

  test.each<[string, Prepare]>([
    ['read', (ctx) => void ctx.cookies.get('s')],
    ['written', (ctx) => void ctx.cookies.set('s', 'what the session replaces')],
    ['asked for', (ctx) => void ctx.cookies],
  ])('R93: the ctx.cookies that were %s before are the same beside a session', async (_, prepare) => {
    const app = createApp(KoaClass)
    const visitor = createVisitor((ctx) => ctx.path !== '/' && prepare(ctx), app)
    const { login } = await visit(visitor)
    expect(cookieNames(login)).toEqual(['s', 's.sig'])
    expect(cookieOf(login, 's.sig').value).toBe(signatureOf(cookieOf(login, 's').value, 'a test key'))
  })

  test.each<[string, Prepare]>([
    ['assigned', (ctx) => (ctx.cookies = withKeys(ctx, 'their own'))],
    ['defined on ctx', (ctx) => Object.defineProperty(ctx, 'cookies', { value: withKeys(ctx, 'their own') })],
    [
      'in the place of some that were used',
      (ctx) => {
        ctx.cookies.get('s')
        ctx.cookies = withKeys(ctx, 'their own')
      },
    ],
  ])("R93: an app's cookies with other keys sign and verify the session with these: %s", async (_, prepare) => {
    const { login, signedIn } = await visit(createVisitor(prepare))
    expect(cookieOf(login, 's.sig').value).toBe(signatureOf(cookieOf(login, 's').value, 'their own'))
    const elsewhere = createVisitor(() => undefined)
    for (const [name, value] of signedIn.values) elsewhere.jar.values.set(name, value)
    expect((await elsewhere.get('/')).json()).toEqual({})
  })

  test("R93: a signature under an older key of an app's own cookies is renewed with their first key", async () => {
    let keys = ['old']
    const visitor = createVisitor((ctx) => (ctx.cookies = withKeys(ctx, ...keys)))
    await visitor.get('/login')
    keys = ['new', 'old']
    const answer = await visitor.get('/')
    expect(answer.json()).toEqual({ user: 'alice' })
    expect(visitor.jar.values.get('s.sig')).toBe(signatureOf(visitor.jar.values.get('s') as string, 'new'))
  })

  test("R93: the ctx.cookies of one request are no other request's", async () => {
    const visitor = createVisitor((ctx) => {
      if (ctx.query.own) ctx.cookies = withKeys(ctx, 'their own')
    })
    await visitor.get('/login')
    expect((await visitor.get('/?own=1')).json()).toEqual({})
    await visitor.get('/login?own=1')
    expect((await visitor.get('/?own=1')).json()).toEqual({ user: 'alice' })
    expect((await visitor.get('/')).json()).toEqual({})
  })

  test.each<[string, Prepare]>([
    ['another class', (ctx) => (ctx.cookies = new Renamed(ctx) as unknown as Cookies)],
    [
      'another class of the same name',
      (ctx) => {
        const named = { Cookies: class extends Renamed {} }
        ctx.cookies = new named.Cookies(ctx) as unknown as Cookies
      },
    ],
    [
      'an object',
      (ctx) => {
        const own = new Renamed(ctx)
        ctx.cookies = { get: own.get.bind(own), set: own.set.bind(own) } as unknown as Cookies
      },
    ],
    [
      'methods wrapped',
      (ctx) => {
        const own = new Renamed(ctx)
        Object.assign(ctx.cookies, { get: own.get.bind(own), set: own.set.bind(own) })
      },
    ],
  ])('R93: an object that reads and writes in the place of ctx.cookies is asked: %s', async (_, prepare) => {
    const { login, signedIn } = await visit(createVisitor(prepare))
    expect(cookieNames(login)).toEqual(['own-s', 'own-s.sig'])
    expect([...signedIn.values.keys()]).toEqual(['own-s', 'own-s.sig'])
  })

  test('R93: a getter for ctx.cookies that serves all requests of an app is asked', async () => {
    const app = createApp(KoaClass)
    const made = new WeakMap<object, Cookies>()
    Object.defineProperty(app.context, 'cookies', {
      get(this: Context) {
        const cookies = made.get(this) ?? withKeys(this, 'their own')
        made.set(this, cookies)
        return cookies
      },
    })
    const { login } = await visit(createVisitor(() => undefined, app))
    expect(cookieOf(login, 's.sig').value).toBe(signatureOf(cookieOf(login, 's').value, 'their own'))
  })

  test("R93: a wrapped cookies.set alone sees the session's cookie; a wrapped cookies.get alone decides what is read", async () => {
    const written: string[] = []
    const visitor = createVisitor((ctx) => {
      const { cookies } = ctx
      const set = cookies.set.bind(cookies)
      cookies.set = (name: string, value?: string | null, options?: Cookies.SetOption) => {
        written.push(name)
        return set(name, value, options)
      }
    })
    await visit(visitor)
    expect(written).toEqual(['s', 's'])

    const blind = createVisitor((ctx) => {
      if (ctx.query.blind) ctx.cookies.get = () => undefined
    })
    await blind.get('/login')
    expect((await blind.get('/?blind=1')).json()).toEqual({})
    expect((await blind.get('/')).json()).toEqual({ user: 'alice' })
  })
})

test('R93: the methods of the cookies package are called where they are wrapped, for tracing for example', async () => {
  const app = createApp()
  app.use(session({ key: 's' }, app))
  app.use((ctx) => (ctx.body = String((ctx.session.views = (ctx.session.views ?? 0) + 1))))
  const set = jest.spyOn(Cookies.prototype, 'set')
  const get = jest.spyOn(Cookies.prototype, 'get')
  const visitor = new Visitor(app)
  await visitor.get()
  expect((await visitor.get()).body).toBe('2')
  expect(set.mock.calls.map(([name]) => name)).toEqual(['s', 's'])
  expect(get.mock.calls.map(([name]) => name)).toContain('s')
  jest.restoreAllMocks()
})
