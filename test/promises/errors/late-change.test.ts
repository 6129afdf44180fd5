import type Koa from 'koa'
import type { Context } from 'koa'
import type { SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { BACKENDS, PlainStore } from '../../support/backends/backends'
import { deferred } from '../../support/races/interleave'
import { collectWarnings, freshSession } from '../../support/app/fresh-session'
import { takeTurns } from './fixtures'
import { Browser, closeServers, listen } from './server'

const LATE = 'ctx.session was changed after it was committed'

afterEach(() => {
  closeServers()
  jest.restoreAllMocks()
  process.env.NODE_ENV = 'test'
})

interface Fixture {
  browser: Browser
  warnings: string[]
}

/** An app of which `change` has the session after the commit, while the response is still open. */
async function open(
  KoaClass: typeof Koa,
  options: SessionOptions,
  change: (ctx: Context) => unknown,
  before: (ctx: Context) => unknown = (ctx) => ctx.session.views,
): Promise<Fixture> {
  const warnings = collectWarnings()
  const session = freshSession()
  const app = createApp(KoaClass)
  app.use(async (ctx, next) => {
    await next()
    if (ctx.path !== '/stream') return
    await change(ctx)
    ctx.res.end('late')
  })
  app.use(session(options, app))
  app.use(async (ctx) => {
    if (ctx.path === '/') return void (ctx.body = ctx.session)
    if (ctx.path === '/fine') return void (ctx.session.views = 1)
    await before(ctx)
    ctx.respond = false
    ctx.res.writeHead(200)
  })
  return { browser: new Browser(await listen(app.callback())), warnings }
}

async function visit({ browser }: Fixture, path: string): Promise<void> {
  expect(await browser.get(path)).toMatchObject({ status: 200, body: 'late' })
  await takeTurns()
}

function count(ctx: Context): void {
  ctx.session.views = (ctx.session.views ?? 0) + 1
}

describe.each(Object.entries(KOA_VERSIONS))('a change after the commit, under %s', (_version, KoaClass) => {
  it.each(BACKENDS)('R16: a change after the commit is warned of once, with $name', async ({ options }) => {
    const fixture = await open(KoaClass, options(), count)
    await visit(fixture, '/stream')
    await visit(fixture, '/stream')
    expect(fixture.warnings).toEqual([expect.stringContaining(LATE)])
    expect(fixture.warnings[0]).toMatch(/await session\.save\(\).* SessionWarning$/)
  })

  it.each(BACKENDS)(
    'R16: a change after the commit is warned of also where the session is used only then, with $name',
    async ({ options }) => {
      for (const change of [count, (ctx: Context) => (ctx.session = null)]) {
        const fixture = await open(KoaClass, options(), change, () => undefined)
        await visit(fixture, '/stream')
        expect(fixture.warnings).toEqual([expect.stringContaining(LATE)])
      }
    },
  )

  it.each(BACKENDS)(
    'R16: a change after the commit is not warned of in production, with $name',
    async ({ options }) => {
      process.env.NODE_ENV = 'production'
      const fixture = await open(KoaClass, options(), count)
      await visit(fixture, '/stream')
      expect(fixture.warnings).toEqual([])
    },
  )

  it.each(BACKENDS)(
    'R16: a session that is not changed after the commit causes no warning, with $name',
    async ({ options }) => {
      const fixture = await open(KoaClass, options(), (ctx) => ctx.session.views)
      await visit(fixture, '/stream')
      await fixture.browser.get('/fine')
      await visit(fixture, '/stream')
      expect(fixture.warnings).toEqual([])
    },
  )

  it.each(['idleTimeout', 'absoluteTimeout'])(
    'R16: an %s that changes with the clock is no change after the commit',
    async (name) => {
      let timeout: number | undefined
      const change = (): void => void (timeout = 7_200_000)
      const fixture = await open(KoaClass, { store: new PlainStore(), [name]: () => timeout }, change)
      await fixture.browser.get('/fine')
      await visit(fixture, '/stream')
      expect(timeout).toBeDefined()
      expect(fixture.warnings).toEqual([])
    },
  )

  it('R16: a change after the commit is saved by an explicit save(), and then there is no warning', async () => {
    const fixture = await open(KoaClass, { store: new PlainStore() }, async (ctx) => {
      count(ctx)
      await ctx.session.save()
    })
    await fixture.browser.get('/fine')
    await visit(fixture, '/stream')
    expect(fixture.warnings).toEqual([])
    expect((await fixture.browser.get('/')).body).toBe('{"views":2}')
  })

  it('R16: a change after the commit is saved by a save() that ends after the response, and then there is no warning', async () => {
    const store = new PlainStore()
    const gone = deferred()
    const fixture = await open(KoaClass, { store }, (ctx) => {
      count(ctx)
      const set = store.set.bind(store)
      store.set = async (...call) => {
        await gone.promise
        await set(...call)
      }
      ctx.res.once('close', gone.resolve)
      void ctx.session.save()
    })
    await fixture.browser.get('/fine')
    await visit(fixture, '/stream')
    expect(fixture.warnings).toEqual([])
    expect((await fixture.browser.get('/')).body).toBe('{"views":2}')
  })
})
