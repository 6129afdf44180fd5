import { EventEmitter } from 'node:events'
import type { Context } from 'koa'
import { MemoryStore, SessionService } from 'koa-session-service'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { Barrier } from '../../support/races/interleave'
import { WAYS, withStorage } from '../../support/app/ways'

const VERBS: Record<string, (sessions: SessionService) => unknown> = {
  context: (sessions) => sessions.context,
  id: (sessions) => sessions.id(),
  load: (sessions) => sessions.load(),
  save: (sessions) => sessions.save(),
  update: (sessions) => sessions.update(() => undefined),
  touch: (sessions) => sessions.touch(),
  regenerate: (sessions) => sessions.regenerate(),
  destroy: (sessions) => sessions.destroy(),
}

const NO_REQUEST = {
  code: 'ERR_SESSION_NO_REQUEST',
  message: expect.stringMatching(/Pass the ctx.*asyncLocalStorage: true/) as string,
}

const SELF_FINDING = WAYS.filter(({ findsItself }) => findsItself)

describe.each(Object.entries(VERBS))('%s', (_name, call) => {
  test.each(WAYS)(
    'R49: a verb outside a request with $name throws, and says what to do',
    async ({ KoaClass, options }) => {
      const sessions = new SessionService(createApp(KoaClass), options)
      await expect(async () => call(sessions)).rejects.toMatchObject(NO_REQUEST)
    },
  )

  test('R49: a verb without a ctx throws within a request as well, where neither storage is on', async () => {
    const app = createApp()
    const sessions = new SessionService(app, { store: new MemoryStore() })
    app.use(sessions.middleware())
    app.use(async (ctx) => {
      await expect(async () => call(sessions)).rejects.toMatchObject(NO_REQUEST)
      ctx.body = 'checked'
    })
    expect((await new Visitor(app).get()).body).toBe('checked')
  })
})

describe.each(SELF_FINDING)('$name', ({ KoaClass, options }) => {
  test('R49: code that a request starts finds its request later, and from callbacks', async () => {
    const app = createApp(KoaClass)
    const sessions = new SessionService(app, options)
    const found: boolean[] = []
    app.use(sessions.middleware())
    app.use(async (ctx) => {
      const note = (): unknown => found.push(sessions.context === ctx)
      await new Promise<void>((resolve) => setTimeout(() => resolve(void note()), 0))
      await new Promise<void>((resolve) => setImmediate(() => resolve(void note())))
      const emitter = new EventEmitter().on('event', note)
      emitter.emit('event')
      await Promise.all([Promise.resolve().then(note), (async () => note())()])
      ctx.body = 'ok'
    })
    await new Visitor(app).get()
    expect(found).toEqual([true, true, true, true, true])
  })

  test('R49: each of 200 interleaved requests in plain Koa finds itself', async () => {
    const app = createApp(KoaClass)
    const sessions = new SessionService(app, { ...options, store: new MemoryStore() })
    const barrier = new Barrier(200)
    app.use(sessions.middleware())
    app.use(async (ctx) => {
      await barrier.arrive()
      const session = await sessions.update((data) => (data.visitor = ctx.query.visitor))
      await barrier.arrive()
      ctx.body = [session?.visitor, (await sessions.load())?.visitor, sessions.context.query.visitor]
    })
    const answers = await Promise.all(
      Array.from({ length: barrier.size }, (_, index) => new Visitor(app).get(`/?visitor=${index}`)),
    )
    const expected = answers.map((_, index) => Array.from({ length: 3 }, () => String(index)))
    expect(answers.map((answer) => answer.json())).toEqual(expected)
  })

  test('R49: a ctx that is passed counts, whatever request the code runs in', async () => {
    const app = createApp(KoaClass)
    const sessions = new SessionService(app, options)
    let first: Context | undefined
    app.use(sessions.middleware())
    app.use(async (ctx) => {
      first ??= ctx
      const session = await sessions.load(first)
      ctx.body = { isOwn: session === ctx.session, isFirst: session === first.session }
    })
    await new Visitor(app).get()
    expect((await new Visitor(app).get()).json()).toEqual({ isOwn: false, isFirst: true })
  })
})

describe.each(Object.entries(KOA_VERSIONS))('%s', (_version, KoaClass) => {
  test("R49: Koa's own asyncLocalStorage is used where it is on: also before the middleware has run", async () => {
    const app = createApp(withStorage(KoaClass))
    const sessions = new SessionService(app)
    app.use(async (ctx, next) => {
      ctx.state.isOwn = sessions.context === ctx
      await next()
    })
    app.use(sessions.middleware())
    app.use((ctx) => (ctx.body = { isOwn: ctx.state.isOwn as unknown }))
    expect((await new Visitor(app).get()).json()).toEqual({ isOwn: true })
  })

  test.each(['first', 'last'])('R46: two services of one app share the request (%s)', async (which) => {
    const app = createApp(KoaClass)
    const own = { asyncLocalStorage: true }
    const services = [
      new SessionService(app, which === 'first' ? own : {}),
      new SessionService(app, { key: 'other', property: 'other', ...(which === 'last' ? own : {}) }),
    ]
    for (const service of services) app.use(service.middleware())
    app.use((ctx) => (ctx.body = services.map((service) => service.context === ctx)))
    expect((await new Visitor(app).get()).json()).toEqual([true, true])
  })

  test.each([
    ['its own', KoaClass, { asyncLocalStorage: true }],
    ["Koa's", withStorage(KoaClass), {}],
  ])(
    'R46: a request that is made within a request of another app finds itself, by %s storage',
    async (_, Inner, options) => {
      const outer = createApp(KoaClass)
      const inner = createApp(Inner)
      const innerSessions = new SessionService(inner, options)
      inner.use(innerSessions.middleware())
      inner.use(async (ctx) => {
        await innerSessions.update((data) => (data.views = 7))
        ctx.body = [innerSessions.context === ctx, ctx.session.views]
      })
      const outerSessions = new SessionService(outer, { asyncLocalStorage: true })
      outer.use(outerSessions.middleware())
      outer.use(async (ctx) => {
        const answer = await new Visitor(inner).get()
        ctx.body = { inner: answer.json(), outer: [outerSessions.context === ctx, ctx.session.views ?? 'none'] }
      })
      expect((await new Visitor(outer).get()).json()).toEqual({ inner: [true, 7], outer: [true, 'none'] })
    },
  )
})
