import { LayeredStore, MemoryBus, MemoryStore, session, type SessionOptions } from 'koa-session-service'
import { Visitor, createApp } from '../../support/app/app'
import { startClock } from '../../support/clock'
import { nextTurn } from '../../support/app/site'
import { newOwner, OwnedApp, type OwnedStore } from '../../support/owners/owned-app'
import { EVERY, handedBy, isIn, MINUTE, RotatingSite, tokenOf } from '../../support/owners/rotating-site'

beforeEach(() => void jest.spyOn(Math, 'random').mockReturnValue(0.999))

afterEach(() => {
  jest.restoreAllMocks()
  startClock()
})

/** Two processes on one store, of which the first alone has the option. */
function mixed(options: Omit<SessionOptions, 'store'> = {}): { site: RotatingSite; without: OwnedApp } {
  const store = new MemoryStore()
  const site = new RotatingSite({ store, ...options })
  return { site, without: new OwnedApp({ store, ...options }) }
}

describe('processes with and without rotateEvery, on one store', () => {
  it.each(['end', 'report'] as const)(
    "R119: a process without rotateEvery issues nothing, honours successors, tells of a copy and ends nothing, with onReplay: '%s' elsewhere",
    async (onReplay) => {
      const store = new MemoryStore()
      const site = new RotatingSite({ store, onReplay })
      const without = new OwnedApp({ store })
      const browser = await site.browser()
      const there = without.visitor(0, browser.jar)
      const thief = without.visitor(0, browser.jar.copy())
      expect(handedBy(await there.get('/read'))).toBeUndefined()
      await browser.get('/read')
      expect(await isIn(there)).toBe(true)
      site.clock.advance(2 * MINUTE)
      expect([await isIn(there), await isIn(browser)]).toEqual([true, true])
      for (let count = 0; count < 3; count++) expect(await isIn(thief)).toBe(false)
      expect([await isIn(browser), await isIn(there)]).toEqual([true, true])
      expect(await without.eventsOf('replayed')).toMatchObject([{ detail: { isEnded: false } }])
      site.clock.advance(MINUTE)
      await isIn(thief)
      expect(await without.eventsOf('replayed')).toHaveLength(2)
      // Where the option is set, it does what that says.
      expect(await isIn(site.visitor(0, thief.jar))).toBe(false)
      expect([await isIn(browser), (await site.replays()).length]).toEqual([onReplay === 'report', 1])
    },
  )

  it('R119: a process without rotateEvery keeps what the record says with every write, and repeats no token', async () => {
    const { site, without } = mixed({ rolling: true })
    const browser = await site.browser()
    await browser.get('/read')
    const there = without.visitor(0, browser.jar)
    for (const path of ['/set/a', '/touch', '/read']) expect(handedBy(await there.get(path))).toBeUndefined()
    expect((await site.recordOf(tokenOf(browser)))?._turn).toBeDefined()
    await there.get('/regenerate')
    expect((await site.recordOf(tokenOf(browser)))?._turn).toBeDefined()
    expect(await isIn(browser)).toBe(true)
    expect(await isIn(there)).toBe(true)
  })

  it.each([
    ['an id alone', { owner: undefined }],
    ['a token with a secret', {}],
  ])(
    'R119: a session from before rotateEvery, opened by %s, gets its family with the first successor',
    async (_title, before) => {
      const store = new MemoryStore()
      const old = new OwnedApp({ store, ...before })
      const site = new RotatingSite({ store })
      const browser = await old.signedIn(newOwner())
      const copy = browser.jar.copy()
      const here = site.visitor(0, browser.jar)
      await here.get('/read')
      expect(tokenOf(here)).toMatch(/~[\w-]{52}$/)
      // Until it is used, what came before it opens the session still.
      expect(await isIn(site.visitor(0, copy.copy()))).toBe(true)
      await here.get('/read')
      site.clock.advance(2 * MINUTE)
      expect([await isIn(site.visitor(0, copy)), await isIn(here)]).toEqual([false, true])
      expect(await site.replays()).toEqual([])
      site.clock.advance(EVERY)
      const thief = site.thiefOf(here)
      await here.get('/read')
      await here.get('/read')
      site.clock.advance(2 * MINUTE)
      expect([await isIn(thief), (await site.replays()).length]).toEqual([false, 1])
    },
  )

  it('R119: a client that hangs up does not lose the session whose first successor it was to get', async () => {
    const store = new MemoryStore()
    const site = new RotatingSite({ store })
    const browser = await new OwnedApp({ store, owner: undefined }).signedIn(newOwner())
    await site.visitor(0, browser.jar.copy()).get('/read')
    site.clock.advance(MINUTE)
    const here = site.visitor(0, browser.jar)
    expect([await isIn(here), await isIn(here)]).toEqual([true, true])
  })

  it('R119: koa-session finds nothing behind an id whose session has successors', async () => {
    const store = new MemoryStore()
    const browser = await new OwnedApp({ store, owner: undefined }).signedIn(newOwner())
    const id = tokenOf(browser)
    await new RotatingSite({ store }).visitor(0, browser.jar.copy()).get('/read')
    expect(store.get(id, 0, { rolling: false, ctx: {} as never })).toBeUndefined()
  })
})

describe.each([0, MINUTE, EVERY])('caches that may be %i ms old, whose messages are lost', (maxStale) => {
  function cachedSite(): RotatingSite {
    const shared = new MemoryStore()
    const site = new RotatingSite({ store: shared })
    for (let process = 0; process < 2; process++) {
      const store = new LayeredStore(shared, { maxStale, bus: new MemoryBus() }) as LayeredStore & OwnedStore
      site.apps[process] = new RotatingSite({ store }).apps[0]
    }
    return site
  }

  it('R119: a browser that goes from one process to the other stays signed in', async () => {
    const site = cachedSite()
    const app = { replayed: 0 }
    for (const each of site.apps) each.on('session:replayed', () => app.replayed++)
    const browser = await site.signedIn(newOwner())
    for (let count = 0; count < 60; count++) {
      const here = site.visitor(count % 2, browser.jar)
      if (!(await isIn(here))) throw new Error(`signed out after ${count} minutes`)
      site.clock.advance(MINUTE)
    }
    expect(app.replayed).toBe(0)
  })

  it('R119: a retired token reads what is in a cache, and ends the session at the shared store', async () => {
    const site = cachedSite()
    const replays: unknown[] = []
    for (const each of site.apps) each.on('session:replayed', (detail) => replays.push(detail))
    const browser = await site.signedIn(newOwner())
    await browser.get('/read')
    site.clock.advance(EVERY)
    const thief = site.visitor(1, browser.jar.copy())
    // Now it is in the cache there.
    await thief.get('/plain', { 'sec-fetch-dest': 'image' })
    for (let count = 0; count < 3; count++) await browser.get('/read')
    site.clock.advance(2 * MINUTE)
    await thief.get('/set/stolen', { 'sec-fetch-dest': 'image' })
    site.clock.advance(maxStale + 1)
    await thief.get('/read')
    expect(await isIn(thief)).toBe(false)
    await nextTurn()
    expect(replays).toHaveLength(1)
    expect(await isIn(browser)).toBe(false)
  })
})

test('R114: an application that carries the token itself is handed successors', async () => {
  const app = createApp()
  const sets: string[] = []
  const site = new RotatingSite()
  const middleware = session(
    {
      store: site.store,
      owner: ({ user }) => user as string,
      rotateEvery: EVERY,
      externalKey: { get: (ctx) => ctx.get('x-token') || undefined, set: (_ctx, token) => void sets.push(token) },
    },
    app,
  )
  app.use(middleware)
  app.use((ctx) => (ctx.body = ctx.path === '/in' ? (ctx.session.user = 'ann') : String(ctx.session.user)))
  const visitor = new Visitor(app)
  await visitor.get('/in')
  await visitor.get('/', { 'x-token': sets[0] })
  site.clock.advance(EVERY)
  // A client that never takes a successor keeps its token.
  for (let count = 0; count < 3; count++) {
    expect((await visitor.get('/', { 'x-token': sets[0] })).body).toBe('ann')
    site.clock.advance(MINUTE)
  }
  expect(new Set(sets).size).toBe(4)
  expect((await visitor.get('/', { 'x-token': sets[3] })).body).toBe('ann')
})
