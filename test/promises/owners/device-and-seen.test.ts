import { MemoryStore, type SessionOptions, type SignedInSession } from 'koa-session-service'
import type { Visitor } from '../../support/app/app'
import { startClock, stopClock } from '../../support/clock'
import { hold } from '../../support/app/held'
import { newOwner, OwnedApp } from '../../support/owners/owned-app'
import { idOf } from '../../support/races/racing-app'
import { spyOn } from '../../support/spies/spy-on'

const MINUTE = 60_000
const device: SessionOptions['device'] = ({ header }) => ({ agent: header['user-agent'] })
const PHONE = { 'user-agent': 'phone' }
const LAPTOP = { 'user-agent': 'laptop' }

describe('where and when a session is used', () => {
  let clock: ReturnType<typeof stopClock>
  let store: MemoryStore
  let site: OwnedApp
  let names: string[]
  let alice: string
  let visitor: Visitor

  const open = async (options: SessionOptions = {}): Promise<void> => {
    store = new MemoryStore()
    const recorded = spyOn({ store, device, ...options })
    names = recorded.names
    site = new OwnedApp({ ...recorded.options, verbs: { longer: (ctx, sessions) => sessions.touch(ctx) } })
    alice = newOwner()
    visitor = site.visitor()
    await visitor.get(`/as/${alice}`, PHONE)
    names.length = 0
  }
  const listed = async (): Promise<SignedInSession> => (await site.services[0].list({ owner: alice }))[0]
  const writes = (): string[] => names.splice(0).filter((name) => /create|replace|set$|touch/.test(name))

  beforeEach(() => {
    clock = stopClock()
  })

  afterEach(startClock)

  it('R66: where and when a session is used is written at the sign-in', async () => {
    await open()
    expect(await listed()).toMatchObject({
      device: { agent: 'phone' },
      lastSeenAt: Date.now(),
      createdAt: Date.now(),
    })
  })

  it('R66: the use of a session is written at most once in five minutes, however often it is read', async () => {
    await open()
    for (let minute = 0; minute < 4; minute++) {
      clock.advance(MINUTE)
      await visitor.get('/read', LAPTOP)
    }
    expect(writes()).toEqual([])
    clock.advance(MINUTE)
    await Promise.all([1, 2, 3].map(() => site.visitor(0, visitor.jar.copy()).get('/read', LAPTOP)))
    await visitor.get('/plain', PHONE)
    expect(await listed()).toMatchObject({ device: { agent: 'laptop' }, lastSeenAt: Date.now() })
    expect(store.read(idOf(visitor))?.record._seen).toBe(Date.now())
    clock.advance(4 * MINUTE)
    writes()
    await visitor.get('/read', PHONE)
    expect(writes()).toEqual([])
  })

  it('R66: one write counts of requests at once that note the use of a session, and none fails', async () => {
    await open()
    clock.advance(5 * MINUTE)
    const before = store.read(idOf(visitor))?.revision
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => site.visitor(0, visitor.jar.copy()).get('/read', LAPTOP)),
    )
    expect(answers.map(({ status, setCookie }) => [status, setCookie])).toEqual(answers.map(() => [200, []]))
    expect(store.read(idOf(visitor))?.revision).not.toBe(before)
    expect((await site.eventsOf('gone', 'error')).length).toBe(0)
  })

  it('R66: the use of a session is written as often as "seenEvery" says', async () => {
    await open({ seenEvery: 2 * MINUTE })
    clock.advance(2 * MINUTE)
    await visitor.get('/plain', LAPTOP)
    expect(writes()).toEqual(['replace'])
    expect(await listed()).toMatchObject({ device: { agent: 'laptop' } })
  })

  it('R66: a note of use does not renew: the end of the life stays, in the record, the store and the cookie', async () => {
    await open({ maxAge: 30 * MINUTE })
    const end = store.read(idOf(visitor))?.record._expire
    clock.advance(10 * MINUTE)
    const answer = await visitor.get('/read', LAPTOP)
    expect(answer.setCookie).toEqual([])
    expect(writes()).toEqual(['replace'])
    expect(store.read(idOf(visitor))?.record).toMatchObject({ _expire: end, _seen: Date.now() })
    clock.advance(20 * MINUTE + 1)
    expect((await visitor.get('/read')).json()).toEqual({})
  })

  it('R66: a note of use and "rolling" are one write, and the cookie is sent once', async () => {
    await open({ rolling: true, maxAge: 30 * MINUTE })
    clock.advance(10 * MINUTE)
    const answer = await visitor.get('/read', LAPTOP)
    expect(writes()).toEqual(['replace'])
    expect(answer.setCookie.filter((line) => line.startsWith('koa.sess='))).toHaveLength(1)
    expect(store.read(idOf(visitor))?.record).toMatchObject({
      _expire: Date.now() + 30 * MINUTE,
      _seen: Date.now(),
      _seenBy: { agent: 'laptop' },
    })
    clock.advance(MINUTE)
    await visitor.get('/read', PHONE)
    expect(writes()).toEqual(['touch'])
  })

  it('R66: changed data take the note of use along', async () => {
    await open()
    clock.advance(MINUTE)
    await visitor.get('/set/cart', LAPTOP)
    expect(writes()).toEqual(['replace'])
    expect(await listed()).toMatchObject({ device: { agent: 'laptop' }, lastSeenAt: Date.now() })
  })

  it('R66: touch() takes the note of use along when it is time for it', async () => {
    await open()
    for (const expected of [['touch'], ['replace'], ['touch']]) {
      clock.advance(3 * MINUTE)
      await visitor.get('/touch', LAPTOP)
      expect(writes()).toEqual(expected)
    }
    expect(await listed()).toMatchObject({ device: { agent: 'laptop' }, lastSeenAt: Date.now() - 3 * MINUTE })
  })

  it('R66: a write outside a request notes the time of use, and leaves the device as it was', async () => {
    await open()
    const held = await hold(site.services[0], visitor)
    clock.advance(10 * MINUTE)
    await held.update((data) => Object.assign(data, { job: 'done' }))
    expect(await listed()).toMatchObject({ device: { agent: 'phone' }, lastSeenAt: Date.now() })
    held.release()
  })

  it('R66: the time of use is noted alone without "device"', async () => {
    await open({ device: undefined })
    clock.advance(5 * MINUTE)
    await visitor.get('/read', LAPTOP)
    expect(await listed()).toMatchObject({ device: undefined, lastSeenAt: Date.now() })
  })

  it('R66: a lazy request that does not ask for its session is not noted as a use, and calls no store', async () => {
    await open({ lazy: true, verbs: undefined } as SessionOptions).catch(() => undefined)
    const lazy = new OwnedApp({
      ...spyOn({ store, device }).options,
      lazy: true,
      verbs: { in: async (ctx, sessions) => void Object.assign((await sessions.load(ctx)) ?? {}, { user: alice }) },
    })
    const browser = lazy.visitor()
    await browser.get('/in', PHONE)
    const seen = store.read(idOf(browser))?.record._seen
    clock.advance(10 * MINUTE)
    const before = store.read(idOf(browser))?.revision
    expect((await browser.get('/plain', LAPTOP)).status).toBe(200)
    expect(store.read(idOf(browser))?.revision).toBe(before)
    expect(store.read(idOf(browser))?.record._seen).toBe(seen)
  })

  it('R66: a visitor who is not signed in is never noted', async () => {
    await open()
    const stranger = site.visitor()
    await stranger.get('/set/cart', PHONE)
    expect(store.read(idOf(stranger))?.record).not.toHaveProperty('_seenBy')
    clock.advance(10 * MINUTE)
    writes()
    await stranger.get('/read', LAPTOP)
    expect(writes()).toEqual([])
  })

  it('R66: a sign-out forgets where and when the session was used', async () => {
    await open()
    await visitor.get('/set/cart', PHONE)
    await visitor.get('/signout', PHONE)
    const { record } = store.read(idOf(visitor)) ?? {}
    expect(record).toMatchObject({ cart: 'cart' })
    for (const key of ['_owned', '_seen', '_seenBy', '_confirmed']) expect(record).not.toHaveProperty(key)
  })

  it('R66: a device that is too large is a coded error, and nobody is signed in with it', async () => {
    await open()
    const other = site.visitor()
    expect((await other.get(`/as/${alice}`, { 'user-agent': 'x'.repeat(600) })).status).toBe(500)
    expect(site.errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_BAD_VALUE' })])
    expect(await site.services[0].list({ owner: alice })).toHaveLength(1)
  })

  it('R66: a note of use does not shorten a life that another request has made longer', async () => {
    await open({ maxAge: 30 * MINUTE })
    clock.advance(10 * MINUTE)
    const end = Date.now() + 30 * MINUTE
    const slow = new OwnedApp({
      store,
      device,
      maxAge: 30 * MINUTE,
      verbs: {
        slow: async (ctx, sessions) => {
          await sessions.load(ctx)
          await site.visitor(0, visitor.jar.copy()).get('/longer', PHONE)
          return 'slow'
        },
      },
    })
    await slow.visitor(0, visitor.jar.copy()).get('/slow', LAPTOP)
    expect(store.read(idOf(visitor))?.record._expire).toBeGreaterThanOrEqual(end)
  })
})
