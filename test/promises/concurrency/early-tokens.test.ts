import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Context } from 'koa'
import session, {
  LayeredStore,
  MemoryStore,
  type SessionOptions,
  type SessionService,
  type Store,
} from 'koa-session-service'
import { CookieJar, createApp, Visitor } from '../../support/app/app'
import { createGate } from '../../support/races/gate'
import { createSite, sessionOf, type Site } from '../../support/app/site'
import { CountingBus } from '../../support/spies/counting-bus'
import { spyOnMemory } from '../../support/spies/spy-on'

type Verb = (sessions: SessionService, ctx: Context) => unknown

const ROTATIONS: { name: string; options: SessionOptions; rotate: Verb }[] = [
  { name: 'regenerate()', options: {}, rotate: (sessions, ctx) => sessions.regenerate({}, ctx) },
  {
    name: 'regenerate(), with owner',
    options: { owner: () => 'ann' },
    rotate: (sessions, ctx) => sessions.regenerate({}, ctx),
  },
  { name: 'confirm()', options: { owner: () => 'ann' }, rotate: (sessions, ctx) => sessions.confirm({}, ctx) },
  {
    name: 'a sign-in',
    options: { owner: ({ user }) => user as string },
    rotate: (_sessions, ctx) => (ctx.session.user = 'ann'),
  },
]

const EARLY: { name: string; early: Verb }[] = [
  { name: 'take()', early: (sessions, ctx) => sessions.take('flash', ctx) },
  { name: 'update()', early: (sessions, ctx) => sessions.update((data) => (data.n = 1), ctx) },
  { name: 'save()', early: (sessions, ctx) => sessions.save(ctx) },
  { name: 'session.save()', early: (_sessions, ctx) => ctx.session.save() },
  { name: 'touch()', early: (sessions, ctx) => sessions.touch(ctx) },
  {
    name: 'manuallyCommit() of a change',
    early: (_sessions, ctx) => {
      ctx.session.n = 1
      return ctx.session.manuallyCommit()
    },
  },
  { name: 'a change that is written at the end', early: (_sessions, ctx) => (ctx.session.n = 1) },
]

/** What a slow page does once its time has come. */
const ENDS: { name: string; status: number; end: (ctx: Context) => unknown }[] = [
  { name: 'it is answered', status: 200, end: () => undefined },
  { name: 'it changes the session again', status: 200, end: (ctx) => ctx.session && (ctx.session.late = true) },
  {
    name: 'it fails',
    status: 500,
    end: () => {
      throw new Error('the page could not be made')
    },
  },
]

const STORES: { name: string; create: () => Store[] }[] = [
  { name: 'MemoryStore, in one process', create: () => [new MemoryStore()] },
  { name: 'a store that answers later, in one process', create: () => [spyOnMemory().store] },
  {
    name: 'MemoryStore, in two processes',
    create: () => {
      const store = new MemoryStore()
      return [store, store]
    },
  },
  {
    name: 'LayeredStore, in two processes',
    create: () => {
      const store = new MemoryStore()
      return [new LayeredStore(store, { maxStale: 60_000 }), new LayeredStore(store, { maxStale: 60_000 })]
    },
  },
]

/** A slow page in one process, and whoever rotates the token in another one, or the same. */
function open(
  stores: Store[],
  options: SessionOptions,
  { rotate, early, end }: { rotate: Verb; early: Verb; end: (ctx: Context) => unknown },
) {
  const page = createGate()
  const sites: Site[] = stores.map((store) => {
    const site: Site = createSite(
      { ...options, store },
      {
        '/seed': (ctx) => Object.assign(ctx.session, { flash: 'hi', kept: true }),
        '/rotate': (ctx) => rotate(site.sessions, ctx),
        '/slow': async (ctx) => {
          await early(site.sessions, ctx)
          await page.pass()
          await end(ctx)
        },
      },
    )
    return site
  })
  return { first: sites[0], second: sites[sites.length - 1], page }
}

describe.each(STORES)('a page that has written its session early, and is slow, on $name', ({ create }) => {
  describe.each(ROTATIONS)('beside $name', ({ options, rotate }) => {
    describe.each(ENDS)('where $name', ({ status, end }) => {
      it.each(EARLY)(
        'R85: a slow page that has written early does not bring the earlier token back: $name',
        async ({ early }) => {
          const { first, second, page } = open(create(), options, { rotate, early, end })
          await first.visitor.get('/seed')
          const browser = new Visitor(second.app, first.visitor.jar)
          const slow = new Visitor(first.app, browser.jar.copy()).get('/slow')
          await page.reached
          await browser.get('/rotate')
          const held = browser.jar.header
          // What comes from another process comes in a later turn of the event loop.
          await new Promise(setImmediate)
          page.open()
          const answer = await slow
          expect(answer.status).toBe(status)
          browser.jar.accept(answer.setCookie)
          expect(browser.jar.header).toBe(held)
          expect(await sessionOf(browser)).toMatchObject({ kept: true })
        },
      )
    })
  })
})

describe.each(STORES.filter(({ name }) => !name.includes('two processes')))(
  'an answer that waits on its way out, on $name',
  ({ create }) => {
    it.each(ROTATIONS)(
      'R85: an answer that waits on its way out does not bring the earlier token back: beside $name',
      async ({ options, rotate }) => {
        const out = createGate()
        const app = createApp()
        app.use(async (ctx, next) => {
          await next()
          if (ctx.path === '/slow') await out.pass()
        })
        const [store] = create()
        const middleware = session({ ...options, store }, app)
        app.use(middleware)
        app.use(async (ctx) => {
          if (ctx.path !== '/rotate') ctx.cookies.set('theme', 'dark', { signed: false })
          if (ctx.path === '/seed') ctx.session.kept = true
          if (ctx.path === '/slow') ctx.session.slow = true
          if (ctx.path === '/rotate') await rotate(middleware.sessions, ctx)
          ctx.body = { session: ctx.session }
        })
        const browser = new Visitor(app)
        await browser.get('/seed')
        const slow = new Visitor(app, browser.jar.copy()).get('/slow')
        await out.reached
        await browser.get('/rotate')
        const held = browser.jar.header
        out.open()
        const { setCookie } = await slow
        expect(setCookie).toEqual([expect.stringContaining('theme=dark')])
        browser.jar.accept(setCookie)
        expect(browser.jar.header).toBe(held)
        expect(await sessionOf(browser)).toMatchObject({ kept: true, slow: true })
      },
    )
  },
)

describe('a page that has written its session early, and meets trouble', () => {
  afterEach(() => jest.restoreAllMocks())

  it('R85: a slow page of which a later change fails does not bring the earlier token back', async () => {
    const shared = new MemoryStore()
    const stores = [0, 1].map(() => new LayeredStore(shared, { maxStale: 60_000 }))
    let runs = 0
    const { first, second, page } = open(
      stores,
      {},
      {
        rotate: (sessions, ctx) =>
          runs === 1 ? sessions.update((data) => (data.other = 1), ctx) : sessions.regenerate({}, ctx),
        early: (sessions, ctx) => sessions.save(ctx),
        end: (ctx) =>
          first.sessions
            .update(async (data) => {
              data.n = ++runs
              await browser.get('/rotate')
              if (runs === 2) throw new Error('failed')
            }, ctx)
            .catch(() => undefined),
      },
    )
    page.open()
    await first.visitor.get('/seed')
    const browser = new Visitor(second.app, first.visitor.jar)
    const { setCookie } = await new Visitor(first.app, browser.jar.copy()).get('/slow')
    expect([runs, setCookie]).toEqual([2, []])
  })

  it.each<[string, boolean, Verb]>([
    ['save()', false, (sessions, ctx) => sessions.save(ctx)],
    ['regenerate()', true, (sessions, ctx) => sessions.regenerate({}, ctx)],
  ])(
    'R85: a slow page whose store fails at its end hands over a token that is new, and none that the browser has: %s',
    async (_name, isNew, verb) => {
      const store = new MemoryStore()
      const site: Site = createSite(
        { store },
        {
          '/seed': (ctx) => (ctx.session.kept = true),
          '/slow': async (ctx) => {
            await verb(site.sessions, ctx)
            await new Promise(setImmediate)
            jest.spyOn(store, 'read').mockImplementation(() => {
              throw new Error('down')
            })
          },
        },
      )
      await site.visitor.get('/seed')
      const { setCookie } = await site.visitor.get('/slow')
      expect(setCookie.length > 0).toBe(isNew)
    },
  )

  it('R85: a request with several verbs leaves nobody behind who listens', async () => {
    const bus = new CountingBus()
    const site: Site = createSite(
      { store: new MemoryStore(), bus },
      {
        '/slow': async (ctx) => {
          for (const n of [1, 2, 3]) await site.sessions.update((data) => (data.n = n), ctx)
        },
      },
    )
    const { size } = bus
    await site.visitor.get('/slow')
    expect(bus.size).toBe(size)
  })
})

describe('over HTTP', () => {
  it.each(EARLY)('R85: a slow page does not bring the earlier token back: $name', async ({ early }) => {
    for (const { options, rotate } of ROTATIONS) {
      const { first, page } = open([spyOnMemory().store], options, { rotate, early, end: () => undefined })
      const handle = first.app.callback()
      const server = http.createServer((req, res) => void handle(req, res)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      try {
        const { port } = server.address() as AddressInfo
        const jar = new CookieJar()
        const get = async (path: string): Promise<string> => {
          const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie: jar.header } })
          jar.accept(response.headers.getSetCookie())
          return response.text()
        }
        await get('/seed')
        const slow = get('/slow')
        await page.reached
        await get('/rotate')
        const held = jar.header
        page.open()
        await slow
        expect(jar.header).toBe(held)
        expect(JSON.parse(await get('/'))).toMatchObject({ session: { kept: true } })
      } finally {
        server.closeAllConnections()
        server.close()
      }
    }
  })
})
