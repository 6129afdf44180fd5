import type { Context } from 'koa'
import session, { type SessionOptions, type SessionService } from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { Browser, closeServers, listen, namesOf } from './server'

afterEach(closeServers)

const OTHER = 'other=1; path=/'

/** What puts a verb's cookie on the response early. */
const VERBS: Record<string, (ctx: Context, sessions: SessionService) => unknown> = {
  'save()': (ctx) => ctx.session.save(),
  'regenerate()': (ctx) => ctx.session.regenerate(),
  'update()': (ctx, sessions) => sessions.update((data) => (data.views = 1), ctx),
}

/** What takes it off again, or writes over it. */
const REPLACES: Record<string, { replace: (ctx: Context) => unknown; keepsOther?: boolean }> = {
  "ctx.set('Set-Cookie', …)": { replace: (ctx) => ctx.set('Set-Cookie', OTHER), keepsOther: true },
  'ctx.set with a list': { replace: (ctx) => ctx.set('Set-Cookie', [OTHER]), keepsOther: true },
  'res.setHeader()': { replace: (ctx) => ctx.res.setHeader('Set-Cookie', OTHER), keepsOther: true },
  'a proxy that copies the headers of another server': {
    replace: (ctx) => ctx.set({ 'Content-Type': 'text/plain', 'Set-Cookie': OTHER }),
    keepsOther: true,
  },
  'an error page that removes every header': {
    replace: (ctx) => ctx.res.getHeaderNames().forEach((name) => ctx.remove(name)),
  },
  'writeHead() by hand': {
    replace: (ctx) => {
      ctx.respond = false
      ctx.res.writeHead(200, { 'Set-Cookie': [OTHER] })
      ctx.res.end('done')
    },
    keepsOther: true,
  },
}
const CASES = Object.entries(VERBS).flatMap(([verb, write]) =>
  Object.entries(REPLACES).map(([what, row]) => ({ verb, write, what, ...row })),
)

async function open(options: SessionOptions, handle: (ctx: Context, sessions: SessionService) => unknown) {
  const app = createApp()
  const middleware = session(options, app)
  app.use(middleware)
  app.use(async (ctx) => {
    ctx.body = 'done'
    if (ctx.path === '/') ctx.body = ctx.session
    else await handle(ctx, middleware.sessions)
  })
  return new Browser(await listen(app.callback()))
}

describe.each(BACKENDS)('Set-Cookie that is replaced after an early verb: $name', ({ options }) => {
  it.each(CASES)('R95: $what after $verb loses no cookie of the session', async ({ write, replace, keepsOther }) => {
    const browser = await open(options(), async (ctx, sessions) => {
      ctx.session.views = 1
      await write(ctx, sessions)
      replace(ctx)
    })
    const { setCookie } = await browser.get('/sign-in')
    expect(namesOf(setCookie)).toEqual(expect.arrayContaining(['koa.sess', ...(keepsOther ? ['other'] : [])]))
    expect((await browser.get('/')).body).toBe('{"views":1}')
  })

  it.each(Object.entries(REPLACES))(
    'R95: a sign-out stays one where Set-Cookie is replaced by %s',
    async (_what, { replace }) => {
      const browser = await open(options(), async (ctx, sessions) => {
        if (ctx.path === '/sign-in') return void (ctx.session.views = 1)
        await sessions.destroy(ctx)
        replace(ctx)
      })
      await browser.get('/sign-in')
      expect(namesOf((await browser.get('/out')).setCookie)).toContain('koa.sess')
      expect((await browser.get('/')).body).toBe('{}')
    },
  )

  it("R95: a cookie of the session's name that the application sets itself stays", async () => {
    const browser = await open(options(), async (ctx) => {
      await ctx.session.save()
      ctx.set('Set-Cookie', 'koa.sess=mine; path=/')
    })
    const lines = (await browser.get('/sign-in')).setCookie.filter((line) => line.startsWith('koa.sess='))
    expect(lines).toEqual(['koa.sess=mine; path=/'])
  })
})
