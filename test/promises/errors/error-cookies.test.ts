import session, { MemoryStore, sealed, SessionService } from 'koa-session-service'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { Browser, closeServers, listen, namesOf } from './server'

afterEach(closeServers)

const OURS = ['koa.sess', 'koa.sess.sig']

describe.each(Object.entries(KOA_VERSIONS))(
  'the cookies of a session whose handler throws, under %s',
  (_, KoaClass) => {
    describe.each(BACKENDS)('$name', ({ options, cookies }) => {
      const broken = new Error('broken')
      const errors: unknown[] = []
      beforeEach(() => errors.splice(0))

      async function open(): Promise<Browser> {
        const app = createApp(KoaClass)
        app.on('error', (error) => errors.push(error))
        app.use(session(options(), app))
        app.use(async (ctx) => {
          if (ctx.path === '/count') ctx.session.views = (ctx.session.views ?? 0) + 1
          if (ctx.path === '/save') await ((ctx.session.views = 10), ctx.session.save())
          if (ctx.path === '/renew') await ctx.session.regenerate()
          if (ctx.path === '/logout') ctx.session = null
          if (ctx.path !== '/') throw broken
          ctx.body = ctx.session
        })
        return new Browser(await listen(app.callback()))
      }

      it('R14: the cookies of a session whose handler throws are on the error response once, and the next request has the session', async () => {
        const browser = await open()
        const first = await browser.get('/count')
        expect(first.status).toBe(500)
        expect(namesOf(first.setCookie)).toEqual(cookies())
        await browser.get('/count')
        expect((await browser.get('/')).body).toBe('{"views":2}')
        expect(errors).toEqual([broken, broken])
        expect(errors.every((error) => error === broken)).toBe(true)
      })

      it('R14: the cookies of a session whose handler throws are those of a session that was saved before the error', async () => {
        const browser = await open()
        expect(namesOf((await browser.get('/save')).setCookie)).toEqual(cookies())
        expect((await browser.get('/')).body).toBe('{"views":10}')
      })

      it('R14: the cookies of a session whose handler throws are not set where the session was left alone, which stays as it is', async () => {
        const browser = await open()
        await browser.get('/count')
        expect((await browser.get('/nothing')).setCookie).toEqual([])
        expect((await browser.get('/')).body).toBe('{"views":1}')
      })

      it('R14: the cookies of a session whose handler throws follow a session that was regenerated before the error', async () => {
        const browser = await open()
        await browser.get('/count')
        expect(namesOf((await browser.get('/renew')).setCookie)).toEqual(cookies())
        expect((await browser.get('/')).body).toBe('{"views":1}')
      })

      it('R14: the cookies of a session whose handler throws are cleared where the session was ended before the error', async () => {
        const browser = await open()
        await browser.get('/count')
        expect(namesOf((await browser.get('/logout')).setCookie)).toEqual(cookies())
        expect(browser.jar.values.size).toBe(0)
      })
    })

    it("R14: the cookies of a session whose handler throws come back alone: Koa removes another middleware's cookies, also of names like ours", async () => {
      const app = createApp(KoaClass)
      app.use(session(app))
      app.use((ctx) => {
        for (const name of ['other', 'koa.sess2', 'koa.sess.other', 'xkoa.sess']) ctx.cookies.set(name, '1')
        ctx.session.views = 1
        throw new Error('broken')
      })
      expect(namesOf((await new Browser(await listen(app.callback())).get()).setCookie)).toEqual(OURS)
    })

    it("R14: the cookies of a session whose handler throws stand beside the error's own Set-Cookie", async () => {
      const app = createApp(KoaClass)
      app.use(session(app))
      app.use((ctx) => {
        ctx.session.views = 1
        throw Object.assign(new Error('broken'), { headers: { 'set-cookie': ['a=1', 'b=2'] } })
      })
      const { setCookie } = await new Browser(await listen(app.callback())).get()
      expect(namesOf(setCookie)).toEqual(['a', 'b', ...OURS])
    })

    it('R14: the cookies of a session whose handler throws give way to a cookie of their name that the error asks for', async () => {
      const app = createApp(KoaClass)
      app.use(session(app))
      app.use((ctx) => {
        ctx.session.views = 1
        throw Object.assign(new Error('go away'), { headers: { 'Set-Cookie': 'koa.sess=of-the-error' } })
      })
      const { setCookie } = await new Browser(await listen(app.callback())).get()
      expect(setCookie.filter((line) => line.startsWith('koa.sess='))).toEqual(['koa.sess=of-the-error'])
    })

    it('R14: the cookies of two sessions whose handler throws are both there, each once', async () => {
      const app = createApp(KoaClass)
      app.use(session({ store: new MemoryStore() }, app))
      const admin = new SessionService(app, { key: 'admin', property: 'admin' })
      app.use(admin.middleware())
      app.use(async (ctx) => {
        ctx.session.views = 1
        await admin.update((data) => (data.views = 1), ctx)
        throw new Error('broken')
      })
      const { setCookie } = await new Browser(await listen(app.callback())).get()
      expect(namesOf(setCookie)).toEqual(['admin', 'admin.sig', ...OURS])
    })

    it('R14: the cookies of a session whose handler throws are all there where a session takes several', async () => {
      const app = createApp(KoaClass)
      app.use(session({ codec: sealed({ keys: ['a key of at least thirty-two bytes'] }), chunks: 3 }, app))
      app.use((ctx) => {
        if (ctx.path === '/') return void (ctx.body = ctx.session)
        ctx.session.text = 'x'.repeat(6000)
        throw new Error('broken')
      })
      const browser = new Browser(await listen(app.callback()))
      expect(namesOf((await browser.get('/fail')).setCookie)).toEqual(['koa.sess', 'koa.sess.1', 'koa.sess.2'])
      expect(JSON.parse((await browser.get('/')).body)).toEqual({ text: 'x'.repeat(6000) })
    })
  },
)
