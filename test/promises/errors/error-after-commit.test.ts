import { Readable } from 'node:stream'
import type Koa from 'koa'
import session, { type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { observe, type Observed } from '../../support/app/site'
import { FailingStore } from './fixtures'
import { Browser, closeServers, listen, namesOf } from './server'

afterEach(closeServers)

const OURS = ['koa.sess', 'koa.sess.sig']

async function open(
  KoaClass: typeof Koa,
  { options = {}, upstream, handler }: { options?: SessionOptions; upstream?: Koa.Middleware; handler: Koa.Middleware },
): Promise<{ app: Koa; browser: Browser; observed: Observed }> {
  const app = createApp(KoaClass)
  const observed = observe(app)
  if (upstream) app.use(upstream)
  app.use(session(options, app))
  app.use((ctx, next) => (ctx.path === '/' ? void (ctx.body = ctx.session) : handler(ctx, next)))
  return { app, browser: new Browser(await listen(app.callback())), observed }
}

describe.each(Object.entries(KOA_VERSIONS))('an error after the session was saved, under %s', (_version, KoaClass) => {
  it('R14: the cookies are on the error response where the body cannot be written', async () => {
    const { browser } = await open(KoaClass, {
      handler: (ctx) => {
        ctx.session.views = 1
        ctx.body = { big: 1n }
      },
    })
    const answer = await browser.get('/fail')
    expect(answer.status).toBe(500)
    expect(namesOf(answer.setCookie)).toEqual(OURS)
  })

  it('R14: the cookies are on the error response where a middleware upstream fails on its way back', async () => {
    const { app, browser } = await open(KoaClass, {
      upstream: async (ctx, next) => {
        await next()
        if (ctx.path !== '/') throw new Error('broken')
      },
      handler: (ctx) => {
        ctx.session.views = 1
      },
    })
    expect(namesOf((await browser.get('/fail')).setCookie)).toEqual(OURS)
    expect((await browser.get('/')).body).toBe('{"views":1}')
    // So is one that is signed anew, and no more.
    app.keys = ['new', ...(app.keys as string[])]
    expect(namesOf((await browser.get('/fail')).setCookie)).toEqual(OURS)
  })

  it.each([false, true])(
    'R14: the middleware upstream that takes the cookies off a good response has its way; after save(): %p',
    async (isSaved) => {
      const { browser } = await open(KoaClass, {
        upstream: async (ctx, next) => {
          await next()
          ctx.remove('Set-Cookie')
        },
        handler: async (ctx) => {
          ctx.session.views = 1
          if (isSaved) await ctx.session.save()
          ctx.body = 'to be cached'
        },
      })
      expect((await browser.get('/fine')).setCookie).toEqual([])
    },
  )

  it('R15: the cookie of what save() wrote is on the error response where the commit after it fails', async () => {
    const store = new FailingStore()
    const { browser, observed } = await open(KoaClass, {
      options: { store },
      handler: async (ctx) => {
        ctx.session.views = 1
        await ctx.session.save()
        ctx.session.views = 2
        store.fail('set', () => Promise.reject(new Error('disk full')))
      },
    })
    const answer = await browser.get('/fail')
    expect(answer.status).toBe(503)
    expect(observed.errors).toHaveLength(1)
    expect(namesOf(answer.setCookie)).toEqual(OURS)
    expect((await browser.get('/')).body).toBe('{"views":1}')
  })

  it('R15: the client is given the id that the session moved to where a commit after regenerate() fails', async () => {
    const store = new FailingStore()
    const { browser } = await open(KoaClass, {
      options: { store },
      handler: async (ctx) => {
        ctx.session.views = (ctx.session.views ?? 0) + 1
        if (ctx.path === '/login') return
        await ctx.session.regenerate()
        ctx.session.views = 100
        store.fail('set', () => Promise.reject(new Error('disk full')))
      },
    })
    await browser.get('/login')
    expect((await browser.get('/renew')).status).toBe(503)
    expect((await browser.get('/')).body).toBe('{"views":2}')
  })
})

// Koa 3 cuts the connection instead of answering.
it('R14: the cookies are on the error response of koa 2 where a stream fails before its first byte', async () => {
  const { browser } = await open(KOA_VERSIONS['koa 2'], {
    handler: (ctx) => {
      ctx.session.views = 1
      ctx.body = new Readable({
        read() {
          this.destroy(new Error('no such file'))
        },
      })
    },
  })
  const answer = await browser.get('/fail')
  expect(answer.status).toBe(500)
  expect(namesOf(answer.setCookie)).toEqual(OURS)
})
