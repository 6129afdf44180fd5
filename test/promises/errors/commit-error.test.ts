import type Koa from 'koa'
import session, { type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { createSite, observe, sessionOf, type Observed } from '../../support/app/site'
import { backendsWith } from '../../support/backends/backends'
import { cookieOf } from '../../support/set-cookie'
import { FailingStore, takeTurns, toldBy } from './fixtures'
import { Browser, closeServers, listen, type HttpAnswer } from './server'

afterEach(closeServers)

interface Failing {
  name: string
  /** Options of a session whose commit fails. */
  options: () => SessionOptions
  /** The status of a request that fails with nothing but this. */
  status: number
  /** What the commit failed with, as text. */
  error: string
}

const STORE_FAILED = 'SessionError: The session store failed; its error is the cause of this one.'

/** Throws what is no error, as JavaScript allows. */
function toss(value: unknown): never {
  throw value
}

function failingStore(failure: () => unknown): SessionOptions {
  const store = new FailingStore()
  store.fail('set', failure)
  return { store }
}

const FAILING: Failing[] = [
  {
    name: 'a store that rejects',
    options: () => failingStore(() => Promise.reject(new Error('disk full'))),
    status: 503,
    error: STORE_FAILED,
  },
  {
    name: 'a store that throws at once',
    options: () => ({ store: { get: () => undefined, set: () => toss(new Error('disk full')), destroy: () => true } }),
    status: 503,
    error: STORE_FAILED,
  },
  {
    name: 'a store that throws a text',
    options: () => failingStore(() => toss('no')),
    status: 503,
    error: STORE_FAILED,
  },
  { name: 'a store that throws null', options: () => failingStore(() => toss(null)), status: 503, error: STORE_FAILED },
  {
    name: 'a store that does not answer in time',
    options: () => ({ ...failingStore(() => new Promise(() => undefined)), storeTimeout: 1 }),
    status: 503,
    error: STORE_FAILED,
  },
  {
    name: 'beforeSave',
    options: () => ({ beforeSave: () => toss(Object.assign(new Error('no'), { status: 409 })) }),
    status: 409,
    error: 'Error: no',
  },
  { name: 'encode', options: () => ({ encode: () => toss(new Error('no')) }), status: 500, error: 'Error: no' },
  {
    name: 'genid',
    options: () => ({ store: new FailingStore(), genid: () => toss(new Error('no')) }),
    status: 500,
    error: 'SessionError: The option "genid" failed; its error is the cause of this one.',
  },
  {
    name: 'externalKey.set',
    options: () => ({
      store: new FailingStore(),
      externalKey: { get: () => undefined, set: () => Promise.reject(new Error('no')) },
    }),
    status: 500,
    error: 'Error: no',
  },
]

/** `/fail` changes the session and throws, `/` only changes it. */
async function open(KoaClass: typeof Koa, options: SessionOptions): Promise<{ browser: Browser; observed: Observed }> {
  const app = createApp(KoaClass)
  const observed = observe(app)
  app.use(session(options, app))
  app.use((ctx) => {
    ctx.session.views = 1
    if (ctx.path === '/logout') ctx.session = null
    if (ctx.query.fail !== undefined) ctx.throw(418, 'the handler')
    ctx.body = 'fine'
  })
  return { browser: new Browser(await listen(app.callback())), observed }
}

async function visit({ browser }: { browser: Browser }, path: string): Promise<HttpAnswer> {
  const answer = await browser.get(path)
  await takeTurns()
  return answer
}

describe.each(Object.entries(KOA_VERSIONS))('a commit that fails, under %s', (_version, KoaClass) => {
  it.each(FAILING)(
    "R15, D4: the handler's error stays where a commit fails by $name, and the app is told of both",
    async ({ options, error }) => {
      const fixture = await open(KoaClass, options())
      const answer = await visit(fixture, '/?fail')
      expect(answer).toMatchObject({ status: 418, body: 'the handler', setCookie: [] })
      const { errors, failures } = toldBy(fixture.observed)
      expect(errors.map(String)).toEqual([expect.stringContaining(error), expect.stringContaining('the handler')])
      expect(failures).toEqual([errors[0]])
      expect(fixture.observed.events[0]?.detail.session).toMatch(/^(none|[\w-]{8})$/)
    },
  )

  it.each(FAILING)(
    "R15: the error of a commit alone is the request's, with $name",
    async ({ options, status, error }) => {
      const fixture = await open(KoaClass, options())
      const answer = await visit(fixture, '/')
      expect(answer).toMatchObject({ status, setCookie: [] })
      expect(fixture.observed.errors.map(String)).toEqual([expect.stringContaining(error)])
      expect(toldBy(fixture.observed).failures).toEqual([])
    },
  )

  it("R15: a hook that throws what is no error does not take the place of the handler's error either", async () => {
    for (const value of ['a text', 42, null, undefined]) {
      const fixture = await open(KoaClass, { beforeSave: () => toss(value) })
      const answer = await visit(fixture, '/?fail')
      expect(answer).toMatchObject({ status: 418, body: 'the handler' })
      expect(toldBy(fixture.observed).failures).toEqual([value])
      expect(fixture.observed.errors).toHaveLength(2)
    }
  })

  it("R15: Koa's own listener for errors, which takes errors alone, does not take the handler's error away", async () => {
    for (const value of ['a text', 42, null, undefined]) {
      const app = createApp(KoaClass)
      app.use(session({ beforeSave: () => toss(value) }, app))
      app.use((ctx) => {
        ctx.session.views = 1
        ctx.throw(418, 'the handler')
      })
      expect(await new Browser(await listen(app.callback())).get()).toMatchObject({ status: 418, body: 'the handler' })
    }
  })

  it("R15: a listener that throws on the commit's error does not take the handler's error away", async () => {
    const app = createApp(KoaClass)
    const heard: string[] = []
    app.use(
      session(
        failingStore(() => Promise.reject(new Error('disk full'))),
        app,
      ),
    )
    app.on('error', (error: Error & { code?: string }) => {
      heard.push(error.code ?? error.message)
      if (error.code) toss(new Error('the listener failed'))
    })
    app.use((ctx) => {
      ctx.session.views = 1
      ctx.throw(418, 'the handler')
    })
    expect(await new Browser(await listen(app.callback())).get()).toMatchObject({ status: 418, body: 'the handler' })
    expect(heard).toEqual(['ERR_SESSION_STORE', 'the handler'])
  })

  it("R15: the handler's error stays where the store did not take a logout, and that is told", async () => {
    const store = new FailingStore()
    const fixture = await open(KoaClass, { store })
    await fixture.browser.get('/')
    store.fail('destroy', () => Promise.reject(new Error('disk full')))
    expect(await visit(fixture, '/logout?fail')).toMatchObject({ status: 418, body: 'the handler' })
    expect(toldBy(fixture.observed).failures).toEqual([fixture.observed.errors[0]])
    expect(await visit(fixture, '/logout')).toMatchObject({ status: 503 })
  })

  it('R15: no cookie is set for a session that could not be stored', async () => {
    const store = new FailingStore()
    store.fail('set', () => Promise.reject(new Error('disk full')))
    const { browser } = await open(KoaClass, { store })
    expect((await browser.get('/?fail')).setCookie).toEqual([])
    expect((await browser.get('/')).setCookie).toEqual([])
    expect(store.records.size).toBe(0)
  })
})

describe.each(backendsWith({ hasIds: true }))(
  'a commit that fails after the session was rotated, with $name',
  ({ options }) => {
    it('D5: the new token reaches the client where the commit fails after a rotation, because the old one is dead', async () => {
      const failure = new Error('not now')
      let isBroken = false
      const { visitor, errors } = createSite(
        { ...options(), beforeSave: () => (isBroken ? toss(failure) : undefined) },
        {
          '/login': (ctx) => (ctx.session.user = 'alice'),
          '/regenerate': async (ctx) => {
            await ctx.session.regenerate()
            isBroken = true
            ctx.session.theme = 'dark'
          },
        },
      )
      const before = cookieOf(await visitor.get('/login')).value
      const answer = await visitor.get('/regenerate')
      expect(answer.status).toBe(500)
      expect(errors).toEqual([failure])
      expect(cookieOf(answer).value).not.toBe(before)
      expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
    })
  },
)
