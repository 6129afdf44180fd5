import type Koa from 'koa'
import { createSession, session, type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { cookieNames } from '../../support/set-cookie'

describe.each(Object.entries(KOA_VERSIONS))('%s', (_, KoaClass) => {
  describe.each(BACKENDS)('$name', ({ options }) => {
    function build(more: SessionOptions, use: (app: Koa, sessions: Koa.Middleware) => void) {
      const app = createApp(KoaClass)
      const middleware = session({ ...options(), ...more }, app)
      use(app, middleware)
      return { visitor: new Visitor(app), sessions: middleware.sessions }
    }

    const add = (key: string): Koa.Middleware => {
      return async (ctx, next) => {
        ctx.session[key] = Number(ctx.session[key] ?? 0) + 1
        await next()
      }
    }

    test.each([{}, { rolling: true }, { renew: true }])(
      'R97: the same middleware twice, one within the other, loses nothing and sets one cookie: %j',
      async (more) => {
        const { visitor } = build(more, (app, sessions) => {
          app.use(sessions).use(add('outer')).use(sessions).use(add('inner'))
          app.use((ctx) => {
            ctx.body = ctx.session
          })
        })
        await visitor.get()
        const answer = await visitor.get()
        expect(answer.json()).toEqual({ outer: 2, inner: 2 })
        const names = cookieNames(answer)
        expect(new Set(names).size).toBe(names.length)
      },
    )

    test('R97: a logout between two runs of the same middleware stays one', async () => {
      const { visitor } = build({}, (app, sessions) => {
        app.use(sessions).use((ctx, next) => {
          if (ctx.path === '/login') ctx.session.user = 'ann'
          if (ctx.path === '/logout') ctx.session = null
          return next()
        })
        app.use(sessions).use((ctx) => {
          ctx.body = JSON.stringify(ctx.session)
        })
      })
      await visitor.get('/login')
      expect((await visitor.get('/logout')).body).toBe('null')
      expect(visitor.jar.values.size).toBe(0)
      expect((await visitor.get('/')).body).toBe('{}')
    })

    test('R97: the same middleware called a second time by hand goes on with the session that the first one wrote', async () => {
      const { visitor } = build({}, (app, sessions) => {
        app.use(async (ctx, next) => {
          await sessions(ctx, async () => {
            ctx.session.first = Number(ctx.session.first ?? 0) + 1
          })
          await next()
        })
        app.use(sessions).use(add('second'))
        app.use((ctx) => {
          ctx.body = ctx.session
        })
      })
      await visitor.get()
      expect((await visitor.get()).json()).toEqual({ first: 2, second: 2 })
    })

    test('R97: data set within the inner of two middlewares are written also where handlers fail and somebody in between answers', async () => {
      const { visitor } = build({}, (app, sessions) => {
        app.use(sessions).use(async (ctx, next) => {
          await next().catch(() => (ctx.body = ctx.session))
        })
        app
          .use(sessions)
          .use(add('views'))
          .use(() => {
            throw new Error('the handler failed')
          })
      })
      await visitor.get()
      expect((await visitor.get()).json()).toEqual({ views: 2 })
    })

    test('R97: a second session of createSession() within the first is the first', async () => {
      const app = createApp(KoaClass)
      const warning = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined)
      app.use(createSession(options(), app)).use(add('outer'))
      app.use(createSession({ key: 'other' }, app)).use(add('inner'))
      warning.mockRestore()
      app.use((ctx) => {
        ctx.body = ctx.session
      })
      const visitor = new Visitor(app)
      await visitor.get()
      expect((await visitor.get()).json()).toEqual({ outer: 2, inner: 2 })
    })
  })
})
