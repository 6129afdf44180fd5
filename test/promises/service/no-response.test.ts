import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import compose from 'koa-compose'
import type Koa from 'koa'
import type { Context } from 'koa'
import { MemoryStore, session, type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { BACKENDS, backendsWith } from '../../support/backends/backends'

/** What stands in the place of a response: nothing, as in koa-websocket, or something that only looks like one. */
const RESPONSES: Record<string, unknown> = { 'nothing': undefined, 'null': null, 'an empty object': {}, 'a fake': { headersSent: false, statusCode: 404 } } // prettier-ignore
/** Options that have to do with the response. */
const MORE: SessionOptions[] = [
  {},
  { rolling: true },
  { preventCaching: true, clearSiteData: ['cache'] },
  { lazy: true, crossSite: 'refuse' },
]

describe.each(Object.entries(KOA_VERSIONS))('%s', (_, KoaClass) => {
  function build(options: SessionOptions) {
    const app = createApp(KoaClass)
    const middleware = session(options, app)
    const sessions = middleware.sessions
    app.use(middleware).use(async (ctx) => {
      await sessions.load(ctx)
      if (ctx.path === '/login') ctx.session.user = 'ann'
      ctx.body = ctx.session
    })
    return { app, sessions, middleware, visitor: new Visitor(app) }
  }

  /** Runs work behind the middleware in a context without a response. */
  async function without(
    { app, middleware, visitor }: { app: Koa; middleware: Koa.Middleware; visitor: Visitor },
    response: unknown,
    work: (ctx: Context) => unknown,
  ): Promise<Context> {
    const req = new IncomingMessage(new Socket())
    Object.assign(req, { method: 'GET', url: '/socket', headers: { cookie: visitor.jar.header, host: 'shop.test' } })
    const ctx = app.createContext(req, response as never)
    await compose([middleware, async (each) => void (await work(each as Context))])(ctx, async () => undefined)
    return ctx
  }

  describe.each(Object.entries(RESPONSES))('%s in the place of a response', (_, response) => {
    test.each(BACKENDS)('R99: a session is read without a response: $name', async ({ options }) => {
      for (const more of MORE) {
        const site = build({ ...options(), ...more })
        await site.visitor.get('/login')
        let user: unknown
        await without(site, response, async (ctx) => (user = (await site.sessions.load(ctx))?.user))
        expect(user).toBe('ann')
      }
    })

    test.each(backendsWith({ hasIds: true }))(
      'R99: data that are set without a response are in the store, by themselves and by each verb: $name',
      async ({ options }) => {
        for (const more of MORE) {
          const site = build({ ...options(), ...more })
          const { sessions, visitor } = site
          await visitor.get('/login')
          const ctx = await without(site, response, async (ctx) => {
            Object.assign((await sessions.load(ctx)) as object, { byItself: 1 })
            await sessions.update((data) => void Object.assign(data, { byUpdate: 1 }), ctx)
            await sessions.touch(ctx)
          })
          Object.assign(ctx.session, { later: 1 })
          await ctx.session.save()
          expect((await visitor.get('/')).json()).toEqual({ user: 'ann', byItself: 1, byUpdate: 1, later: 1 })
          await without(site, response, (ended) => sessions.destroy(ended))
          expect((await visitor.get('/')).json()).toEqual({})
        }
      },
    )

    test.each(backendsWith({ hasIds: false }))(
      'R99: data of a session in its cookie that are set without a response are told to be lost, and cause no error: $name',
      async ({ options }) => {
        const site = build(options())
        const late: unknown[] = []
        site.sessions.on('headersSent', ({ lost }) => late.push(lost))
        await site.visitor.get('/login')
        await without(site, response, async (ctx) => {
          ctx.session.note = 'lost'
          await ctx.session.save()
          ctx.session = null
        })
        await new Promise(setImmediate)
        expect(late).toEqual(['data', 'removal'])
        expect((await site.visitor.get('/')).json()).toEqual({ user: 'ann' })
      },
    )

    test('R99: a new token is refused by name without a response, as where the response is under way', async () => {
      const site = build({ store: new MemoryStore() })
      await site.visitor.get('/login')
      const failing = without(site, response, (ctx) => site.sessions.regenerate({}, ctx))
      await expect(failing).rejects.toMatchObject({ code: 'ERR_SESSION_HEADERS_SENT' })
      expect((await site.visitor.get('/')).json()).toEqual({ user: 'ann' })
    })

    test('R99: cookies that are not good, and handlers that fail, cause no other error without a response', async () => {
      const site = build({})
      await site.visitor.get('/login')
      site.visitor.jar.values.set('koa.sess.sig', 'tampered')
      await without(site, response, (ctx) => expect(ctx.session.toJSON()).toEqual({}))
      const failing = without(site, response, (ctx) => {
        ctx.session.user = 'ann'
        throw new Error('the handler failed')
      })
      await expect(failing).rejects.toThrow('the handler failed')
    })
  })
})
