import type Koa from 'koa'
import session, { type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { observe, type Observed } from '../../support/app/site'
import { toldBy } from './fixtures'
import { Browser, closeServers, listen, namesOf } from './server'

afterEach(closeServers)

class Refused extends Error {}

/** `/count` counts; with `?fail` the handler throws afterwards, with `?early=save` it saves before. */
async function open(KoaClass: typeof Koa, options: SessionOptions): Promise<{ browser: Browser; observed: Observed }> {
  const app = createApp(KoaClass)
  const observed = observe(app)
  app.use(session(options, app))
  app.use(async (ctx) => {
    if (ctx.path === '/count') ctx.session.views = (ctx.session.views ?? 0) + 1
    if (ctx.path === '/logout') ctx.session = null
    if (typeof ctx.query.early === 'string') {
      await ctx.session[ctx.query.early as 'save' | 'regenerate']()
      ctx.session.views = 100
    }
    if (ctx.query.fail === 'refused') throw new Refused()
    if ('fail' in ctx.query) throw new Error('broken')
    ctx.body = ctx.session ?? {}
  })
  return { browser: new Browser(await listen(app.callback())), observed }
}

describe.each(Object.entries(KOA_VERSIONS))('commitOnError under %s', (_version, KoaClass) => {
  describe.each(BACKENDS)('$name', ({ options, cookies }) => {
    it.each([false, () => false])(
      'R14: commitOnError: %p saves nothing of a request that fails, and sets no cookie',
      async (commitOnError) => {
        const { browser } = await open(KoaClass, { ...options(), commitOnError, rolling: true })
        const first = await browser.get('/count?fail')
        expect(first).toMatchObject({ status: 500, setCookie: [] })
        await browser.get('/count')
        for (const path of ['/count?fail', '/?fail']) expect((await browser.get(path)).setCookie).toEqual([])
        expect((await browser.get('/')).body).toBe('{"views":1}')
      },
    )

    it('R14: commitOnError: false does not end a session in a request that fails either', async () => {
      const { browser } = await open(KoaClass, { ...options(), commitOnError: false })
      await browser.get('/count')
      expect((await browser.get('/logout?fail')).setCookie).toEqual([])
      expect((await browser.get('/')).body).toBe('{"views":1}')
    })

    it.each(['save', 'regenerate'])(
      'R14: commitOnError: false keeps what %s() wrote before the error, and its cookie',
      async (verb) => {
        const { browser } = await open(KoaClass, { ...options(), commitOnError: false })
        const { setCookie } = await browser.get(`/count?early=${verb}&fail`)
        expect(namesOf(setCookie)).toEqual(cookies())
        expect((await browser.get('/')).body).toBe('{"views":1}')
      },
    )

    it('R14: commitOnError as a function decides by the error and the context', async () => {
      const calls: unknown[] = []
      const { browser, observed } = await open(KoaClass, {
        ...options(),
        commitOnError: (error, ctx) => {
          calls.push([error, ctx.path])
          return !(error instanceof Refused)
        },
      })
      await browser.get('/count?fail')
      expect((await browser.get('/count?fail=refused')).setCookie).toEqual([])
      expect((await browser.get('/')).body).toBe('{"views":1}')
      expect(calls).toEqual(observed.errors.map((error) => [error, '/count']))
    })
  })

  it("R15: a commitOnError that throws saves nothing, and the handler's error stays the request's", async () => {
    const { browser, observed } = await open(KoaClass, {
      commitOnError: () => {
        throw new Error('undecided')
      },
    })
    expect(await browser.get('/count?fail')).toMatchObject({ status: 500, setCookie: [] })
    expect(observed.errors.map(String)).toEqual(['Error: undecided', 'Error: broken'])
    expect(toldBy(observed).failures.map(String)).toEqual(['Error: undecided'])
  })
})
