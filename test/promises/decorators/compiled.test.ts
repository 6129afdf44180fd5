import type Koa from 'koa'
import type { Context } from 'koa'
import { MemoryStore, session, SessionService, type SessionOptions } from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { COMPILERS, evaluate, fixtureText } from './compilers'
import type * as fixture from './fixtures/carts'

/** A service that tells freshness; `confirmed` is when everybody was confirmed, in milliseconds since 1970. */
class ConfirmedSessions extends SessionService {
  static confirmed = Date.now()

  override isFresh(ms: number, _options?: object, ctx?: Context): boolean {
    expect(ctx?.app).toBe(this.app)
    return Date.now() - ConfirmedSessions.confirmed < ms
  }
}

type Handler = (ctx: Context) => unknown

function visitorOf(...given: Parameters<typeof appOf>): Visitor {
  return new Visitor(appOf(...given))
}

/** Serves handlers behind two sessions; `/as/:user` signs in. */
function appOf(handlers: Record<string, Handler>, AdminSessions: typeof fixture.AdminSessions): Koa {
  const app = createApp()
  const options = { asyncLocalStorage: true, store: new MemoryStore() } satisfies SessionOptions
  app.use(new ConfirmedSessions(app, options).middleware())
  app.use(new AdminSessions(app, { asyncLocalStorage: true, key: 'admin', property: 'admin' }).middleware())
  app.use(async (ctx) => {
    const user = /^\/as\/(\w+)$/.exec(ctx.path)?.[1]
    if (user) Object.assign(ctx.session, { userId: user, items: ['tea'] })
    try {
      ctx.body = { value: user ?? (await handlers[ctx.path](ctx)) }
    } catch (error) {
      const { code, status } = error as { code: string; status: number }
      ctx.body = { code, status }
    }
  })
  return app
}

const REQUIRED = { code: 'ERR_SESSION_REQUIRED', status: 401 }
const NOT_FRESH = { code: 'ERR_SESSION_NOT_FRESH', status: 403 }

describe.each(COMPILERS)('$name, $mode decorators, $form', ({ compile }) => {
  const { Carts, AdminSessions } = evaluate<typeof fixture>(compile(fixtureText()))
  const carts = new Carts()

  beforeEach(() => (ConfirmedSessions.confirmed = Date.now()))

  async function answer(visitor: Visitor, path: string): Promise<unknown> {
    return (await visitor.get(path)).json()
  }

  test('R80: an accessor is the live session of the request', async () => {
    const visitor = visitorOf(
      {
        '/add': (ctx) => {
          carts.cart.items = [...(carts.cart.items ?? []), 'milk']
          return carts.cart === (ctx.session as object) && carts.read === carts.cart
        },
        '/show': () => carts.cart.items,
      },
      AdminSessions,
    )
    expect(await answer(visitor, '/add')).toEqual({ value: true })
    expect(await answer(visitor, '/add')).toEqual({ value: true })
    expect(await answer(visitor, '/show')).toEqual({ value: ['milk', 'milk'] })
  })

  test('R80: an accessor with a key is the value of the key, and takes another one', async () => {
    const visitor = visitorOf(
      { '/sign-in': () => (carts.userId = 'grace'), '/me': () => carts.userId ?? 'nobody' },
      AdminSessions,
    )
    expect(await answer(visitor, '/me')).toEqual({ value: 'nobody' })
    await answer(visitor, '/sign-in')
    expect(await answer(visitor, '/me')).toEqual({ value: 'grace' })
  })

  test('R80: an object that is assigned to an accessor becomes the session; null ends it', async () => {
    const visitor = visitorOf(
      {
        '/start': () => void (carts.cart = { items: ['bread'] } as never),
        '/end': () => void (carts.cart = null as never),
        '/show': () => carts.cart.items ?? 'nothing',
      },
      AdminSessions,
    )
    await answer(visitor, '/start')
    expect(await answer(visitor, '/show')).toEqual({ value: ['bread'] })
    await answer(visitor, '/end')
    expect(await answer(visitor, '/show')).toEqual({ value: 'nothing' })
    expect(visitor.jar.values.size).toBe(0)
  })

  test('R80: requests at the same time see each their own session in an accessor', async () => {
    const handlers = {
      '/me': async () => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        return carts.userId
      },
    }
    const app = appOf(handlers, AdminSessions)
    const visitors = [new Visitor(app), new Visitor(app)]
    await Promise.all(visitors.map((visitor, index) => visitor.get(`/as/user${index}`)))
    const answers = await Promise.all(visitors.map((visitor) => answer(visitor, '/me')))
    expect(answers).toEqual([{ value: 'user0' }, { value: 'user1' }])
  })

  test('R80: an accessor’s option "from" names one of several sessions', async () => {
    const visitor = visitorOf(
      {
        '/promote': () => void (carts.admin.role = 'editor'),
        '/role': (ctx) => [carts.admin.role, (ctx as unknown as Record<string, unknown>).admin === carts.admin],
      },
      AdminSessions,
    )
    await answer(visitor, '/promote')
    expect(await answer(visitor, '/role')).toEqual({ value: ['editor', true] })
  })

  test('R80: an accessor with "required" refuses with 401', async () => {
    const visitor = visitorOf({ '/any': () => carts.needed.items, '/adas': () => carts.adas.items }, AdminSessions)
    expect(await answer(visitor, '/any')).toEqual(REQUIRED)
    await visitor.get('/as/grace')
    expect(await answer(visitor, '/any')).toEqual({ value: ['tea'] })
    expect(await answer(visitor, '/adas')).toEqual(REQUIRED)
    await visitor.get('/as/ada')
    expect(await answer(visitor, '/adas')).toEqual({ value: ['tea'] })
  })

  test('R80: the decorator of a method with "required" guards it, and leaves it its object and its parameters', async () => {
    const visitor = visitorOf(
      { '/checkout': () => carts.checkout('please'), '/for-ada': () => carts.forAda() },
      AdminSessions,
    )
    expect(await answer(visitor, '/checkout')).toEqual(REQUIRED)
    expect(await answer(visitor, '/for-ada')).toEqual(REQUIRED)
    await visitor.get('/as/grace')
    expect(await answer(visitor, '/checkout')).toEqual({ value: 'hello grace: tea please' })
    expect(await answer(visitor, '/for-ada')).toEqual(REQUIRED)
    await visitor.get('/as/ada')
    expect(await answer(visitor, '/for-ada')).toEqual({ value: 'for Ada' })
    expect([carts.checkout.name, carts.checkout.length]).toEqual(['checkout', 1])
  })

  test('R80: the decorator’s "fresh" refuses with 403 a visitor who was confirmed too long ago', async () => {
    const visitor = visitorOf({ '/pay': () => carts.pay(), '/fresh': () => carts.fresh.items }, AdminSessions)
    expect(await answer(visitor, '/pay')).toEqual(REQUIRED)
    await visitor.get('/as/ada')
    expect(await answer(visitor, '/pay')).toEqual({ value: 'paid' })
    expect(await answer(visitor, '/fresh')).toEqual({ value: ['tea'] })
    ConfirmedSessions.confirmed = Date.now() - 20 * 60 * 1000
    expect(await answer(visitor, '/pay')).toEqual(NOT_FRESH)
    expect(await answer(visitor, '/fresh')).toEqual(NOT_FRESH)
  })

  test('R80: an accessor that is read outside a request says so', async () => {
    const code = 'ERR_SESSION_NO_REQUEST'
    expect(() => carts.cart).toThrow(expect.objectContaining({ code }))
    await expect(carts.checkout('please')).rejects.toMatchObject({ code })
  })

  test('R80: a decorated method loads the session for the accessors with "lazy"', async () => {
    const app = createApp()
    const store = new MemoryStore()
    app.use(session({ asyncLocalStorage: true, lazy: true, store }, app))
    app.use(async (ctx) => {
      if (ctx.path === '/load') ctx.body = { loaded: Object.keys(await carts.load()) }
      else expect(() => carts.cart).toThrow(expect.objectContaining({ code: 'ERR_SESSION_NOT_LOADED' }))
      ctx.body ??= { loaded: false }
    })
    const visitor = new Visitor(app)
    expect((await visitor.get('/')).json()).toEqual({ loaded: false })
    expect((await visitor.get('/load')).json()).toEqual({ loaded: [] })
  })
})
