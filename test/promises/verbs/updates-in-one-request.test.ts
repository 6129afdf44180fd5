import type { Context } from 'koa'
import type { SessionService } from 'koa-session-service'
import { createSessionApp, type Action } from '../../support/app/session-app'
import { BACKENDS } from '../../support/backends/backends'

/** Counts, with a pause between reading and writing. */
const increment = (sessions: SessionService, ctx: Context) =>
  sessions.update(async (data) => {
    const views = data.views ?? 0
    await new Promise(setImmediate)
    data.views = views + 1
  }, ctx)

describe.each(BACKENDS)('the updates of one request, with $name', ({ options }) => {
  /** A visitor whose session has a cart, and who does `work` in one request. */
  async function visitorWith(work: Action) {
    const visitor = createSessionApp(options(), { '/work': work }).visitor()
    await visitor.get('/set?cart=tea')
    return visitor
  }

  it('R10: the updates of one request count every increment, however many one request makes at the same time', async () => {
    const ann = await visitorWith(async (ctx, sessions) => {
      await Promise.all(Array.from({ length: 20 }, () => increment(sessions, ctx)))
    })
    expect((await ann.get('/work')).status).toBe(200)
    expect((await ann.get('/')).json()).toEqual({ cart: 'tea', views: 20 })
  })

  it('R10: the updates of one request run once where one request makes several of different keys, or one within another', async () => {
    const runs: string[] = []
    const ann = await visitorWith(async (ctx, sessions) => {
      await Promise.all([
        sessions.update((data) => ((data.a = 1), runs.push('a')), ctx),
        sessions.update((data) => ((data.b = 1), runs.push('b')), ctx),
      ])
      await sessions.update(async (data) => {
        runs.push('outer')
        await sessions.update((inner) => ((inner.a = 5), runs.push('inner')), ctx)
        data.a = 6
      }, ctx)
    })
    await ann.get('/work')
    expect((await ann.get('/')).json()).toEqual({ cart: 'tea', a: 6, b: 1 })
    expect(runs).toEqual(['a', 'b', 'outer', 'inner'])
  })

  it('R10: an update() whose function throws leaves the session as it was, and throws that error', async () => {
    const failure = new Error('out of stock')
    const caught: unknown[] = []
    const ann = await visitorWith(async (ctx, sessions) => {
      const change = (data: Record<string, unknown>) => {
        data.cart = 'milk'
        throw failure
      }
      await sessions.update(change, ctx).catch((error: unknown) => caught.push(error))
    })
    await ann.get('/work')
    expect(caught).toEqual([failure])
    expect((await ann.get('/')).json()).toEqual({ cart: 'tea' })
  })

  it('R56: update() hands over a copy: what it holds is in ctx.session when the function is done', async () => {
    const seen: unknown[] = []
    const ann = await visitorWith(async (ctx, sessions) => {
      const live = ctx.session
      await sessions.update((data) => {
        data.cart = 'milk'
        seen.push(data === live, live.cart)
      }, ctx)
      seen.push(live.cart, ctx.session === live)
    })
    await ann.get('/work')
    expect(seen).toEqual([false, 'tea', 'milk', true])
  })
})
