import type { Context } from 'koa'
import session, { MemoryStore, type SessionOptions, type SessionService } from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { without } from '../../support/spies/intercept'
import { observe } from '../../support/app/site'
import { Browser, closeServers, listen } from './server'

afterEach(closeServers)

type Verb = (ctx: Context, sessions: SessionService) => unknown

/** Verbs that write, as people call them and forget them. */
const VERBS: Record<string, Verb> = {
  'session.save()': (ctx) => ctx.session.save(),
  'session.manuallyCommit()': (ctx) => ctx.session.manuallyCommit(),
  'session.regenerate()': (ctx) => ctx.session.regenerate(),
  'sessions.save()': (ctx, sessions) => sessions.save(ctx),
  'sessions.regenerate()': (ctx, sessions) => sessions.regenerate(ctx),
  'sessions.update()': (ctx, sessions) => sessions.update((data) => (data.views = 1), ctx),
  'save() and then manuallyCommit()': (ctx) => {
    void ctx.session.save()
    void ctx.session.manuallyCommit()
  },
  'update() of a slow change': (ctx, sessions) =>
    sessions.update(async (data) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      data.views = 1
    }, ctx),
}
const CASES = Object.entries(VERBS).flatMap(([verb, call]) =>
  [false, true].map((autoCommit) => ({ verb, call, autoCommit })),
)

/** A site where `/` shows the session, and any other path calls a verb that nobody awaits. */
async function open(options: SessionOptions, call: Verb) {
  const app = createApp()
  const observed = observe(app)
  const middleware = session(options, app)
  app.use(middleware)
  app.use((ctx) => {
    if (ctx.path !== '/') {
      if (ctx.path === '/sign-in') ctx.session.views = 1
      void call(ctx, middleware.sessions)
    }
    ctx.body = ctx.path === '/' ? ctx.session : 'done'
  })
  return { browser: new Browser(await listen(app.callback())), observed }
}

describe.each(BACKENDS)('a verb that nobody awaits: $name', ({ options }) => {
  it.each(CASES)('R94: $verb is done before the response goes out (autoCommit: $autoCommit)', async (row) => {
    const { browser } = await open({ ...options(), autoCommit: row.autoCommit }, row.call)
    expect((await browser.get('/sign-in')).status).toBe(200)
    expect((await browser.get('/')).body).toBe('{"views":1}')
  })

  it('R94: destroy() that nobody awaits is a logout all the same', async () => {
    const { browser } = await open({ ...options(), autoCommit: false }, (ctx, sessions) =>
      ctx.path === '/out' ? sessions.destroy(ctx) : ctx.session.save(),
    )
    await browser.get('/sign-in')
    await browser.get('/out')
    expect((await browser.get('/')).body).toBe('{}')
  })
})

describe('a verb that nobody awaits, and that fails', () => {
  const broken = (): SessionOptions => ({
    store: Object.assign(without(new MemoryStore(), 'read', 'create', 'replace', 'touch'), {
      set: () => Promise.reject(new Error('the store is down')),
    }),
    autoCommit: false,
  })

  const ONE = Object.entries(VERBS).filter(([verb]) => !verb.includes('and then'))

  it.each(ONE)("R94: the failure of %s that nobody awaits is the request's error, told once", async (_verb, call) => {
    const { browser, observed } = await open(broken(), call)
    expect((await browser.get('/sign-in')).status).toBe(503)
    expect(observed.errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_STORE' })])
  })

  it("R94: the error of the handler stays the request's, and the failure of an unawaited verb is told beside it", async () => {
    const { browser, observed } = await open(broken(), (ctx) => {
      void ctx.session.save()
      ctx.throw(409, 'taken')
    })
    expect((await browser.get('/sign-in')).status).toBe(409)
    expect(observed.errors).toHaveLength(2)
    expect(observed.errors).toContainEqual(expect.objectContaining({ code: 'ERR_SESSION_STORE' }))
  })

  it('R94: a failure of a verb that a handler catches is told to nobody else', async () => {
    const { browser, observed } = await open(broken(), (ctx, sessions) => sessions.save(ctx).catch(() => undefined))
    expect((await browser.get('/sign-in')).status).toBe(200)
    expect(observed.errors).toEqual([])
  })
})
