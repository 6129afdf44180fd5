import type { Context } from 'koa'
import { MemoryStore, sealed, SessionService, type SessionOptions } from 'koa-session-service'
import { createSite } from '../../support/app/site'
import { Visitor } from '../../support/app/app'
import { PlainStore, SEALING_KEYS } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'

interface Data {
  user?: string
  made?: { by: number; seen: string[] }
}

/** A site whose work counts how often it is done, and calls a verb. */
function open(
  options: SessionOptions,
  { verb, needed, wait }: { verb?: 'confirm' | 'regenerate'; needed?: unknown; wait?: number } = {},
) {
  let done = 0
  const once = async (ctx: Context): Promise<void> => {
    const sessions = SessionService.of(ctx)
    const work = async (data: Data): Promise<void> => {
      if (++done > 20) throw new Error('the work is done without end')
      if (verb === 'confirm') await sessions.confirm(ctx)
      if (verb === 'regenerate') await sessions.regenerate(ctx)
      data.made = { by: done, seen: [] }
    }
    await sessions.once('work', work as never, { needed: needed as never, ...(wait && { wait }) }, ctx)
  }
  const { app, visitor, eventNames } = createSite(options, {
    '/begin': (ctx) => (ctx.session.user = 'ann'),
    '/id': (ctx) => (ctx.body = SessionService.of(ctx).id(ctx)),
    '/work': once,
    '/once': async (ctx) => {
      await once(ctx)
      ;(ctx.session as unknown as Data).made?.seen.push(String(ctx.query.own))
    },
  })
  const made = async (browser: Visitor) => (await browser.get('/')).json<{ session: Data }>().session.made
  return { app, visitor, made, eventNames, done: () => done }
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

it.each<SessionOptions>([{}, { signed: false }, { rolling: true }, { idleTimeout: 60_000 }, { maxAge: 'session' }])(
  'R121: two visitors whose cookies are the same text share no work of once(), with %j',
  async (options) => {
    stopClock()
    const { app, visitor, made, done } = open(options)
    const other = new Visitor(app)
    await Promise.all([visitor.get('/begin'), other.get('/begin')])
    expect(other.jar.header).toBe(visitor.jar.header)
    await Promise.all([visitor.get('/once'), other.get('/once')])
    expect([(await made(visitor))?.by, (await made(other))?.by].sort()).toEqual([1, 2])
    expect(done()).toBe(2)
    startClock()
  },
)

it.each<[string, SessionOptions]>([
  ['is sealed', { codec: sealed({ keys: SEALING_KEYS }) }],
  ['has an id, with the option ends', { ends: { store: new MemoryStore() } }],
  ['is of an account', { owner: (data) => (data as Data).user }],
])('R121: requests with a cookie that %s share the work of once()', async (_what, options) => {
  const { app, visitor, done } = open(options)
  await visitor.get('/begin')
  const browsers = [0, 1, 2].map(() => new Visitor(app, visitor.jar.copy()))
  await Promise.all(browsers.map((browser) => browser.get('/once')))
  expect(done()).toBe(1)
})

it.each([
  ['is waited for, where that says that it is over', -1000, 503, 0],
  ['is followed, where no clock that is right can say that it is not over', -6000, 200, 1],
])('R121: an attempt of a process whose clock may differ by seconds %s', async (_what, until, status, count) => {
  const store = new MemoryStore()
  const { app, visitor, done } = open({ store }, { wait: 50 })
  await visitor.get('/begin')
  const key = (await visitor.get('/id')).body
  const { record, revision } = store.read(key) as { record: object; revision: unknown }
  const attempt = ['work', 'of another process', Date.now() + until] as const
  store.replace(key, { ...record, _once: [attempt] }, 60_000, revision)
  expect((await new Visitor(app, visitor.jar).get('/once')).status).toBe(status)
  expect(done()).toBe(count)
})

it.each([new MemoryStore(), new PlainStore()])(
  'R121: once() tells of no conflict where this request has changed nothing, over %o',
  async (store) => {
    const { app, visitor, eventNames } = open({ store })
    await visitor.get('/begin')
    for (let visit = 0; visit < 3; visit++) await visitor.get('/work')
    const browsers = [0, 1, 2].map(() => new Visitor(app, visitor.jar.copy()))
    await Promise.all(browsers.map((browser) => browser.get('/work')))
    expect((await eventNames()).filter((name) => name === 'conflict')).toEqual([])
  },
)

it('R121: requests that share the work of once() have objects of their own', async () => {
  const { app, visitor, made, done } = open({ owner: (data) => (data as Data).user })
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
