import { MemoryStore, SessionService, type SessionOptions } from 'koa-session-service'
import { createSite } from '../../support/app/site'
import { Visitor } from '../../support/app/app'

interface Data {
  user?: string
  made?: { by: number; seen: string[] }
}

/** A site whose work counts how often it is done, and calls a verb. */
function open(options: SessionOptions, { verb, needed }: { verb?: 'confirm' | 'regenerate'; needed?: unknown } = {}) {
  let done = 0
  const { app, visitor } = createSite(options, {
    '/begin': (ctx) => (ctx.session.user = 'ann'),
    '/once': async (ctx) => {
      const sessions = SessionService.of(ctx)
      const work = async (data: Data): Promise<void> => {
        if (++done > 20) throw new Error('the work is done without end')
        if (verb === 'confirm') await sessions.confirm(ctx)
        if (verb === 'regenerate') await sessions.regenerate(ctx)
        data.made = { by: done, seen: [] }
      }
      await sessions.once('work', work as never, { needed: needed as never }, ctx)
      ;(ctx.session as unknown as Data).made?.seen.push(String(ctx.query.own))
    },
  })
  const made = async (browser: Visitor) => (await browser.get('/')).json<{ session: Data }>().session.made
  return { app, visitor, made, done: () => done }
}

it.each(['confirm', 'regenerate'] as const)('R121: work of once() that calls %s() is done once', async (verb) => {
  const { visitor, done } = open(
    { store: new MemoryStore(), ...(verb === 'confirm' && { owner: (d) => (d as Data).user }) },
    { verb },
  )
  await visitor.get('/begin')
  expect((await visitor.get('/once')).status).toBe(200)
  expect(done()).toBe(1)
})

it('R121: two visitors whose cookies are the same text share no work of once()', async () => {
  const { app, visitor, made, done } = open({ maxAge: 'session' })
  const other = new Visitor(app)
  await Promise.all([visitor.get('/begin'), other.get('/begin')])
  expect(other.jar.header).toBe(visitor.jar.header)
  await Promise.all([visitor.get('/once'), other.get('/once')])
  expect([(await made(visitor))?.by, (await made(other))?.by].sort()).toEqual([1, 2])
  expect(done()).toBe(2)
})

it('R121: requests that share the work of once() have objects of their own', async () => {
  const { app, visitor, made, done } = open({})
  await visitor.get('/begin')
  const browsers = ['a', 'b', 'c'].map((own) => ({ own, browser: new Visitor(app, visitor.jar.copy()) }))
  await Promise.all(browsers.map(({ own, browser }) => browser.get(`/once?own=${own}`)))
  for (const { own, browser } of browsers) expect(await made(browser)).toEqual({ by: 1, seen: [own] })
  expect(done()).toBe(1)
})

it.each([0, '', null, undefined])('R121: work of once() is not done where its needed() answers %p', async (answer) => {
  const { visitor, done } = open({ store: new MemoryStore() }, { needed: () => answer })
  await visitor.get('/begin')
  await visitor.get('/once')
  expect(done()).toBe(0)
})
