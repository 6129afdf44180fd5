import { once } from 'node:events'
import { Readable } from 'node:stream'
import 'reflect-metadata'
import type Koa from 'koa'
import type { Context } from 'koa'
import session, { type SessionOptions } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import { Get, JsonController, Redirect, useKoaServer } from 'routing-controllers'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { backendsWith } from '../../support/backends/backends'
import { interceptStore } from '../../support/spies/intercept'
import { deferred } from '../../support/races/interleave'
import { HeldStore, takeTurns } from './fixtures'
import { Browser, closeServers, listen } from './server'
import { READS } from '../../support/spies/spy-on'

afterEach(closeServers)

interface Reply {
  name: string
  reply: (ctx: Context) => unknown
  /** What arrives in the end. */
  arrives: RegExp
}

const REPLIES: Reply[] = [
  { name: 'JSON', reply: (ctx) => (ctx.body = { fine: true }), arrives: /^HTTP\/1.1 200 [^]*\{"fine":true\}$/ },
  { name: 'a text', reply: (ctx) => (ctx.body = 'fine'), arrives: /^HTTP\/1.1 200 [^]*fine$/ },
  { name: 'no body', reply: (ctx) => (ctx.status = 204), arrives: /^HTTP\/1.1 204 / },
  { name: 'a redirect', reply: (ctx) => ctx.redirect('/next'), arrives: /^HTTP\/1.1 302 [^]*location: \/next/i },
  {
    name: 'a stream',
    reply: (ctx) => (ctx.body = Readable.from(['stre', 'am'])),
    arrives: /^HTTP\/1.1 200 [^]*stre[^]*am/,
  },
  { name: 'nothing', reply: () => undefined, arrives: /^HTTP\/1.1 404 / },
  { name: 'an error', reply: (ctx) => ctx.throw(418, 'broken'), arrives: /^HTTP\/1.1 418 [^]*broken$/ },
]

/** Asks for `path`, sees that not a byte comes before the store is released, and answers what comes then. */
async function expectHeld(browser: Browser, path: string, { reached, released }: Hold): Promise<string> {
  const { socket, received } = browser.connect(path)
  await reached.promise
  await takeTurns()
  expect(received()).toBe('')
  released.resolve()
  await once(socket, 'close')
  return received()
}

type Hold = Pick<HeldStore, 'reached' | 'released'>

async function open(
  KoaClass: typeof Koa | undefined,
  options: SessionOptions,
  handler: Koa.Middleware,
): Promise<Browser> {
  const app = createApp(KoaClass)
  app.use(session(options, app))
  app.use((ctx, next) => (ctx.path === '/start' ? void (ctx.session.views = 1) : handler(ctx, next)))
  return new Browser(await listen(app.callback()))
}

/** Options whose store keeps those waiting who write, renew or remove. */
function held(options: SessionOptions): Hold & { options: SessionOptions; hold: () => void; calls: string[] } {
  const [reached, released] = [deferred(), deferred()]
  const calls: string[] = []
  let isHolding = false
  const held = interceptStore(options, async ({ method, proceed }) => {
    if (!isHolding || READS.test(method)) return proceed()
    calls.push(method)
    reached.resolve()
    await released.promise
    return proceed()
  })
  return { options: held, reached, released, calls, hold: () => (isHolding = true) }
}

/** What a handler does with its session. */
const WORKS: [title: string, work: (ctx: Context) => unknown, options?: SessionOptions][] = [
  ['changed', (ctx) => (ctx.session.views = 2)],
  ['left alone, and is renewed', () => undefined, { rolling: true }],
  ['rotated', (ctx) => ctx.session.regenerate()],
  ['signed in', (ctx) => (ctx.session.user = 'ann'), { owner: ({ user }) => user as string }],
  ['given secrets', (ctx) => void ctx.session.views, { hashTokens: true }],
  ['ended', (ctx) => (ctx.session = null)],
  ['ended and replaced', (ctx) => ((ctx.session = null), (ctx.session = { views: 3 }))],
]

describe.each(backendsWith({ hasIds: true }))('the first byte of a response: $name', ({ options }) => {
  it.each(WORKS)('R17: the first byte of a response waits where the session is %s', async (_title, work, more = {}) => {
    const { options: over, hold, calls, ...gates } = held({ ...options(), ...more })
    const early: unknown = more.hashTokens ? { ...over, hashTokens: false } : over
    const browser = await open(undefined, early as SessionOptions, () => undefined)
    await browser.get('/start')
    const late = await open(undefined, over, async (ctx) => {
      await work(ctx)
      ctx.body = 'fine'
    })
    hold()
    expect(await expectHeld(new Browser(late.server, browser.jar), '/', gates)).toMatch(/^HTTP\/1.1 200 [^]*fine$/)
    expect(calls.length).toBeGreaterThan(0)
  })

  it('R17: the first byte of a response waits where the session is new', async () => {
    const { options: over, hold, calls, ...gates } = held(options())
    const browser = await open(undefined, over, (ctx) => {
      ctx.session.views = 1
      ctx.body = 'fine'
    })
    hold()
    expect(await expectHeld(browser, '/', gates)).toMatch(/set-cookie: koa\.sess=[^]*fine$/i)
    expect(calls).toHaveLength(1)
  })
})

@JsonController()
class HeldController {
  @Get('/fine')
  fine(@Session() session: Session) {
    session.views = 1
    return { fine: true }
  }

  @Get('/redirect')
  @Redirect('/next')
  redirect(@Session() session: Session) {
    session.views = 1
  }

  @Get('/fail')
  fail(@Session() session: Session) {
    session.views = 1
    throw new Error('broken')
  }
}

describe.each(Object.entries(KOA_VERSIONS))('the first byte of a response, under %s', (_version, KoaClass) => {
  it.each(REPLIES)('R17: the first byte of $name waits until the session is stored', async ({ reply, arrives }) => {
    const store = new HeldStore()
    const browser = await open(KoaClass, { store }, (ctx) => {
      ctx.session.views = 1
      reply(ctx)
    })
    store.isHolding = true
    const answer = await expectHeld(browser, '/', store)
    expect(answer).toMatch(arrives)
    expect(answer).toMatch(/set-cookie: koa\.sess=/i)
    expect(store.records.size).toBe(1)
  })

  it('R17: the first byte of a response waits until the session is destroyed', async () => {
    const store = new HeldStore()
    const browser = await open(KoaClass, { store }, (ctx) => {
      ctx.session = null
      ctx.redirect('/')
    })
    await browser.get('/start')
    store.isHolding = true
    expect(await expectHeld(browser, '/logout', store)).toMatch(/^HTTP\/1.1 302 /)
    expect(store.records.size).toBe(0)
  })

  it('R17: the first byte of a response waits until the session has moved', async () => {
    const store = new HeldStore()
    const browser = await open(KoaClass, { store }, async (ctx) => {
      await ctx.session.regenerate()
      ctx.redirect('/')
    })
    await browser.get('/start')
    const [old] = store.records.keys()
    store.isHolding = true
    expect(await expectHeld(browser, '/login', store)).toMatch(/^HTTP\/1.1 302 [^]*set-cookie: koa\.sess=/i)
    expect([...store.records.keys()]).not.toContain(old)
  })

  it('R17: the first byte of a response waits until the session is renewed, where nothing changed', async () => {
    const store = new HeldStore()
    const browser = await open(KoaClass, { store, rolling: true }, (ctx) => void (ctx.body = 'fine'))
    await browser.get('/start')
    store.isHolding = true
    expect(await expectHeld(browser, '/', store)).toMatch(/set-cookie: koa\.sess=/i)
  })

  it('R17: the first byte of a response waits for beforeSave, and for externalKey.set', async () => {
    for (const hook of ['beforeSave', 'externalKey']) {
      const hold = { reached: deferred(), released: deferred() }
      const wait = (): Promise<void> => {
        hold.reached.resolve()
        return hold.released.promise
      }
      const options: SessionOptions =
        hook === 'beforeSave'
          ? { beforeSave: wait }
          : { store: new HeldStore(), externalKey: { get: () => undefined, set: wait } }
      const browser = await open(KoaClass, options, (ctx) => {
        ctx.session.views = 1
        ctx.body = 'fine'
      })
      expect(await expectHeld(browser, '/', hold)).toMatch(/^HTTP\/1.1 200 /)
    }
  })

  it.each([
    ['/fine', /^HTTP\/1.1 200 /],
    ['/redirect', /^HTTP\/1.1 302 [^]*location: \/next/i],
    ['/fail', /^HTTP\/1.1 500 /],
  ])("R17: the first byte of a controller's answer at %s waits until the session is stored", async (path, arrives) => {
    for (const defaultErrorHandler of [true, false]) {
      const store = new HeldStore()
      store.isHolding = true
      const app = createApp(KoaClass)
      app.use(session({ store }, app))
      useKoaServer(app, { controllers: [HeldController], middlewares: [Unused], defaultErrorHandler })
      const answer = await expectHeld(new Browser(await listen(app.callback())), path, store)
      expect(answer).toMatch(arrives)
      expect(store.records.size).toBe(1)
    }
  })
})

/** An empty list would install every middleware class of the process. */
class Unused {}
