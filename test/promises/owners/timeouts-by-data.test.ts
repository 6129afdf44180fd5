import { hardened, MemoryStore, type SessionOptions } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { BACKENDS } from '../../support/backends/backends'
import { dataOf, OwnedApp } from '../../support/owners/owned-app'
import { parseSetCookie } from '../../support/set-cookie'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** "Remember me": thirty days, and otherwise half an hour without use and twelve hours in all. */
const REMEMBER: Partial<SessionOptions<Record<string, unknown>>> = {
  idleTimeout: ({ remember }) => (remember ? 30 * DAY : 30 * MINUTE),
  absoluteTimeout: ({ remember }) => (remember ? 90 * DAY : 12 * HOUR),
}

const verbs = {
  remember: (ctx: { session: { remember?: boolean; maxAge: number } }) => {
    ctx.session.remember = true
    ctx.session.maxAge = 30 * DAY
  },
  forget: (ctx: { session: { remember?: boolean } }) => delete ctx.session.remember,
}

let clock: ReturnType<typeof stopClock>

beforeEach(() => {
  clock = stopClock()
})

afterEach(startClock)

describe.each(BACKENDS)('timeouts as functions of the data, on $name', ({ options }) => {
  const open = (more: SessionOptions = {}): OwnedApp =>
    new OwnedApp({ ...options(), maxAge: 90 * DAY, ...(REMEMBER as SessionOptions), ...more, verbs: verbs as never })

  it('R70: two sessions with different data end at different times by timeouts of the data', async () => {
    const site = open()
    const [ann, bea] = [await site.signedIn('ann'), await site.signedIn('bea')]
    await bea.get('/remember')
    clock.advance(31 * MINUTE)
    expect(await dataOf(ann)).toEqual({})
    clock.advance(29 * DAY)
    expect((await dataOf(bea)).user).toBe('bea')
    clock.advance(30 * DAY + 1)
    expect(await dataOf(bea)).toEqual({})
  })

  it('R70: an absoluteTimeout of the data ends a session too', async () => {
    const site = open()
    const [ann, bea] = [await site.signedIn('ann'), await site.signedIn('bea')]
    await bea.get('/remember')
    for (let hour = 0; hour < 25; hour++) {
      clock.advance(29 * MINUTE)
      await ann.get('/read')
    }
    expect((await dataOf(bea)).user).toBe('bea')
    expect(await dataOf(ann)).toEqual({})
  })

  it('R70: data that change move the end of a session, in both directions', async () => {
    const ann = await open().signedIn('ann')
    await ann.get('/remember')
    clock.advance(DAY - HOUR)
    expect((await dataOf(ann)).user).toBe('ann')
    await ann.get('/forget')
    clock.advance(31 * MINUTE)
    expect(await dataOf(ann)).toEqual({})
  })

  it('R70: timeouts of the data bound sessions that were there before', async () => {
    const before = options()
    const unbounded = new OwnedApp({ ...before, maxAge: 90 * DAY })
    const ann = await unbounded.signedIn('ann')
    const site = new OwnedApp({ ...before, maxAge: 90 * DAY, ...(REMEMBER as SessionOptions) })
    const later = site.visitor(0, ann.jar)
    clock.advance(10 * MINUTE)
    expect((await dataOf(later)).user).toBe('ann')
    clock.advance(31 * MINUTE)
    expect(await dataOf(later)).toEqual({})
  })

  it('R70: a timeout of the data that is no time is a coded error', async () => {
    const site = open({ idleTimeout: () => -1 })
    expect((await site.visitor().get('/as/ann')).status).toBe(500)
    expect(site.errors[0]).toMatchObject({ code: 'ERR_SESSION_BAD_VALUE' })
  })
})

describe('under hardened()', () => {
  it('R70: a visitor who is remembered keeps a cookie under hardened() that survives the browser, and nobody else does', async () => {
    const site = new OwnedApp({
      ...(hardened({
        ...(REMEMBER as SessionOptions),
        store: new MemoryStore(),
        key: 'koa.sess',
        secure: false,
      }) as SessionOptions),
      verbs: verbs as never,
    })
    const [ann, bea] = [site.visitor(), site.visitor()]
    const [plain] = (await ann.get('/as/ann')).setCookie.filter((line) => !line.includes('koa.sess.sig'))
    await bea.get('/as/bea')
    const [kept] = (await bea.get('/remember')).setCookie.filter((line) => !line.includes('koa.sess.sig'))
    expect(parseSetCookie(plain).expires).toBeUndefined()
    expect(parseSetCookie(kept).expires).toBe(Date.now() + 30 * DAY)
    clock.advance(DAY)
    expect(await dataOf(ann)).toEqual({})
    expect((await dataOf(bea)).user).toBe('bea')
    expect(await site.services[0].list({ owner: 'bea' })).toEqual([
      expect.objectContaining({ expiresAt: Date.now() + 30 * DAY }),
    ])
  })
})

describe('a timeout that fails for some data', () => {
  it('R70, R67: a session whose timeout fails for its data is ended with all others of its owner', async () => {
    let isFailing = false
    const idleTimeout = (): number => (isFailing ? NaN : HOUR)
    const site = new OwnedApp({ store: new MemoryStore(), idleTimeout })
    const devices = [await site.signedIn('ann'), await site.signedIn('ann')]
    isFailing = true
    await expect(site.services[0].list({ owner: 'ann' })).rejects.toMatchObject({ code: 'ERR_SESSION_BAD_VALUE' })
    expect(await site.services[0].revokeAll({ owner: 'ann' })).toBe(2)
    isFailing = false
    expect(await Promise.all(devices.map(dataOf))).toEqual([{}, {}])
    expect((await site.eventsOf('revoked')).map(({ detail }) => detail.reason)).toEqual(['all', 'all'])
  })
})
