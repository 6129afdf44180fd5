import { MemoryStore, sealed, type SessionOptions } from 'koa-session-service'
import {
  BESIDE,
  challengeIn,
  createBoundSite,
  LIFETIME,
  LONG_LIVED,
  offeredIn,
  type BoundBrowser,
} from '../../support/device/bound-site'
import { startClock, stopClock } from '../../support/clock'
import { SEALING_KEYS } from '../../support/backends/backends'
import { cookieNames, cookieOf } from '../../support/set-cookie'

let clock: ReturnType<typeof stopClock>
beforeEach(() => {
  clock = stopClock()
})
afterEach(startClock)

/** How long requests that were under way at the registration go on. */
const UNDER_WAY = 10_000

const BACKENDS: [name: string, short: string, options: () => SessionOptions][] = [
  ['a store', 'koa.sess', () => ({ store: new MemoryStore() })],
  ['a sealed cookie', BESIDE, () => ({ codec: sealed({ keys: SEALING_KEYS }) })],
]

/** What a sibling host makes the browser send in front of its own cookies. */
type Planted = [name: string, value: string][]

function headerOf(planted: Planted, { jar }: BoundBrowser): Record<string, string> {
  const all = [...planted, ...jar.values]
  return { cookie: all.map(([name, value]) => `${name}=${value}`).join('; ') }
}

function pairOf({ jar }: BoundBrowser, name: string): Planted {
  return [name, `${name}.sig`].flatMap((each) => {
    const value = jar.values.get(each)
    return value === undefined ? [] : ([[each, value]] as Planted)
  })
}

/** Good cookies of the planter's own sessions, and their signatures. */
async function ownedBy(site: ReturnType<typeof createBoundSite>, name: string, count: number): Promise<Planted> {
  const planted: Planted = []
  for (let index = 0; index < count; index++) {
    const eve = site.browser()
    await eve.signIn('/login?user=eve')
    planted.push(...pairOf(eve, name))
  }
  return planted
}

const junk = (name: string): Planted => Array.from({ length: 40 }, (_, index) => [name, `junk${index}`])

describe.each(BACKENDS)('cookies that a sibling host plants, beside a bound session in %s', (_name, short, options) => {
  it.each([1, 6, 12])("R101: %i good cookies of the planter's own let no cookie be cleared", async (count) => {
    const site = createBoundSite(options())
    const ann = site.browser()
    await ann.signIn()
    const answer = await ann.get('/', headerOf(await ownedBy(site, short, count), ann))
    expect(answer.setCookie).toEqual([])
    expect(await ann.session()).toEqual({ userId: 'ann' })
  })

  it.each([1, 12])('R101: %i planted cookies that are past their time let no cookie be cleared', async (count) => {
    const site = createBoundSite(options())
    const planted = await ownedBy(site, short, count)
    clock.advance(LIFETIME)
    const ann = site.browser()
    await ann.signIn()
    const answer = await ann.get('/', headerOf(planted, ann))
    expect(answer.setCookie).toEqual([])
    expect(await ann.session()).toEqual({ userId: 'ann' })
  })

  it('R101: planted junk lets no cookie be cleared', async () => {
    const ann = createBoundSite(options()).browser()
    await ann.signIn()
    expect((await ann.get('/', headerOf(junk(short), ann))).setCookie).toEqual([])
    expect(await ann.session()).toEqual({ userId: 'ann' })
  })

  it('R101: a cookie of a binding that is over is forgotten where it came alone', async () => {
    const ann = createBoundSite(options()).browser()
    await ann.signIn()
    clock.advance(LIFETIME)
    expect(cookieOf(await ann.get('/'), short).value).toBe('')
  })
})

it('R101: a cookie from before its registration lets no cookie be cleared', async () => {
  const site = createBoundSite({ store: new MemoryStore() })
  const [eve, ann] = [site.browser(), site.browser()]
  const offered = offeredIn(await eve.get('/login?user=eve'))
  const planted = pairOf(eve, 'koa.sess')
  await eve.register(eve.device.register(offered))
  clock.advance(UNDER_WAY)
  await ann.signIn()
  const answer = await ann.get('/', headerOf(planted, ann))
  expect([answer.json(), answer.setCookie]).toEqual([{ session: { userId: 'ann' } }, []])
  expect(await site.unbound()).toEqual(['unproven'])
})

describe('a refresh beside planted cookies', () => {
  it.each([6, 12])(
    'R101: %i good planted cookies of other sessions do not end the binding at a refresh, now or at the second time',
    async (count) => {
      const site = createBoundSite({ store: new MemoryStore() })
      const ann = site.browser()
      await ann.signIn()
      const headers = headerOf(await ownedBy(site, LONG_LIVED, count), ann)
      const asked = await ann.ask(undefined, ann.id, headers)
      expect([asked.status, asked.body]).toEqual([503, '{}'])
      const again = await ann.ask(ann.device.prove('again'), ann.id, headers)
      expect([again.status, again.body, again.setCookie]).toEqual([503, '{}', []])
      expect((await ann.refresh()).status).toBe(200)
    },
  )

  it.each([32, 40])('R101: %i planted cookies that are junk do not end the binding at a refresh', async (count) => {
    const ann = createBoundSite({ store: new MemoryStore() }).browser()
    await ann.signIn()
    const headers = headerOf(junk(LONG_LIVED).slice(0, count), ann)
    expect((await ann.ask(undefined, ann.id, headers)).status).toBe(503)
    expect((await ann.refresh()).status).toBe(200)
  })

  it('R101: a few planted cookies hinder no refresh', async () => {
    const site = createBoundSite({ store: new MemoryStore() })
    const ann = site.browser()
    await ann.signIn()
    const headers = headerOf(await ownedBy(site, LONG_LIVED, 3), ann)
    const asked = await ann.ask(undefined, ann.id, headers)
    expect((await ann.ask(ann.device.prove(challengeIn(asked)), ann.id, headers)).status).toBe(200)
  })

  it('R101: a bound session in its cookie is found beside a crowd of cookies that hold none', async () => {
    const ann = createBoundSite({ codec: sealed({ keys: SEALING_KEYS }) }).browser()
    await ann.signIn()
    const asked = await ann.ask(undefined, ann.id, headerOf(junk('koa.sess'), ann))
    expect([asked.status, asked.body]).toEqual([503, '{}'])
    expect((await ann.refresh()).status).toBe(200)
  })
})

describe('the name of the second cookie', () => {
  const codec = sealed({ keys: SEALING_KEYS })
  const store = new MemoryStore()
  it.each<[what: string, options: SessionOptions, name: string]>([
    ['a session in its cookie', { codec }, '__Host-koa.sess.bound'],
    ['one with a prefix', { codec, key: '__Host-Http-session', secure: true }, '__Host-session.bound'],
    ['one with a shorter prefix', { codec, key: '__Secure-session', secure: true }, '__Host-session.bound'],
    ['one that scripts can read', { codec, httpOnly: false }, '__Host-koa.sess.bound'],
    ['one for a path', { codec, path: '/bound' }, '__Secure-koa.sess.bound'],
    ['one for the whole site', { codec, domain: 'localhost' }, '__Secure-koa.sess.bound'],
    ['one whose path depends', { codec, path: () => '/' }, '__Secure-koa.sess.bound'],
    ['one whose domain depends', { codec, domain: () => undefined }, '__Secure-koa.sess.bound'],
    ['one in a store: it has a path of its own', { store }, '__Secure-koa.sess.bound'],
    ['the same with a prefix', { store, key: '__Host-session', secure: true }, '__Secure-session.bound'],
  ])(
    'R101: the name of the second cookie has the strongest prefix that its path allows: %s',
    async (_what, options, name) => {
      const answer = await createBoundSite(options).browser().signIn()
      const second = cookieNames(answer).find((each) => each.endsWith('.bound'))
      expect(second).toBe(name)
      const { attributes } = cookieOf(answer, name)
      expect(attributes).toMatchObject({ secure: true, httponly: true })
      if (name.startsWith('__Host-')) expect(attributes).toMatchObject({ path: '/' })
      if (name.startsWith('__Host-')) expect(attributes).not.toHaveProperty('domain')
    },
  )

  it('R101: a path that a request chooses is not that of a cookie for one host', async () => {
    const chosen = {
      '/login': (ctx: { session: object; sessionOptions: object }) => {
        Object.assign(ctx.sessionOptions, { path: '/device-bound-session' })
        Object.assign(ctx.session, { userId: 'ann' })
      },
    }
    const browser = createBoundSite({ codec }, {}, chosen).browser()
    expect(cookieOf(await browser.signIn(), BESIDE).attributes).toMatchObject({ path: '/' })
  })
})
