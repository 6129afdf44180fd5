import Keygrip from 'keygrip'
import { hardened, MemoryStore, SessionError, type HardenedOptions } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { backendsWith, SEALING_KEYS } from '../../support/backends/backends'
import { createSessionApp, type Action, type SessionApp } from '../../support/app/session-app'
import { spyOn } from '../../support/spies/spy-on'

// A test that fails leaves no clock stopped behind it.
afterEach(startClock)

const MINUTE = 60 * 1000
const HOUR = 60 * MINUTE
const HTTPS = { 'x-forwarded-proto': 'https' }
const ATTRIBUTES = 'path=/; samesite=lax; secure; httponly'

const PLACES: [string, () => HardenedOptions][] = [
  ['in a store', () => ({ store: new MemoryStore() })],
  ['sealed in its cookie', () => ({ keys: SEALING_KEYS })],
]

function serve(options: HardenedOptions, actions?: Record<string, Action>): SessionApp {
  const served = createSessionApp(hardened(options), actions)
  served.app.proxy = true
  return served
}

/** Every text in a value, however deep: keys and values. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsIn(inner)])
}

describe.each(PLACES)('hardened, %s', (_place, place) => {
  it('R40: a hardened cookie is __Host-, Secure, HttpOnly, SameSite=Lax, without a domain, and ends with the browser', async () => {
    const { setCookie } = await serve(place()).visitor().get('/set?user=ann', HTTPS)
    expect(setCookie[0]).toMatch(new RegExp(`^__Host-Http-session=[\\w~-]+; ${ATTRIBUTES}$`))
    expect(setCookie.slice(1).every((line) => line.endsWith(`; ${ATTRIBUTES}`))).toBe(true)
  })

  it('R40: a hardened session ends after 30 minutes without use', async () => {
    const clock = stopClock()
    const { visitor } = serve(place())
    const ann = visitor()
    await ann.get('/set?user=ann', HTTPS)
    clock.advance(30 * MINUTE)
    const kept = ann.jar.copy()
    expect((await ann.get('/', HTTPS)).json()).toEqual({ user: 'ann' })
    clock.advance(30 * MINUTE + 1)
    expect((await visitor(kept).get('/', HTTPS)).json()).toEqual({})
    expect((await ann.get('/', HTTPS)).json()).toEqual({})
    startClock()
  })

  it('R40: a hardened session ends after 12 hours, used or not', async () => {
    const clock = stopClock()
    const visitor = serve(place()).visitor()
    await visitor.get('/set?user=ann', HTTPS)
    for (let visit = 0; visit < 36; visit++) {
      clock.advance(20 * MINUTE)
      expect((await visitor.get('/', HTTPS)).json()).toEqual({ user: 'ann' })
    }
    clock.advance(1)
    expect((await visitor.get('/', HTTPS)).json()).toEqual({})
    startClock()
  })

  it('R40: what hardened() returns is one frozen object, and leaves what it was given alone', () => {
    const given = Object.freeze(place())
    const options = hardened(given)
    expect(Object.isFrozen(options)).toBe(true)
    expect(options).not.toBe(given)
    expect(options).not.toHaveProperty('keys')
  })

  it('R40: every value of hardened() can be overridden', () => {
    const own: HardenedOptions = {
      key: 'my.session',
      secure: 'auto',
      path: '/shop',
      httpOnly: false,
      sameSite: 'strict',
      maxAge: 7 * HOUR,
      idleTimeout: HOUR,
      absoluteTimeout: 8 * HOUR,
      preventCaching: false,
    }
    expect(hardened({ ...place(), ...own })).toMatchObject(own)
  })

  it.each<[HardenedOptions, string]>([
    [{}, '__Host-Http-session'],
    [{ httpOnly: true }, '__Host-Http-session'],
    [{ httpOnly: false }, '__Host-session'],
    [{ httpOnly: () => true }, '__Host-session'],
    [{ httpOnly: false, key: '__Secure-mine' }, '__Secure-mine'],
  ])('R40, R75: a hardened cookie with %o has a name that browsers accept and enforce: %s', async (own, name) => {
    expect(hardened({ ...place(), ...own }).key).toBe(name)
    const visitor = serve({ ...place(), ...own }).visitor()
    await visitor.get('/set?user=ann', HTTPS)
    expect([...visitor.jar.values.keys()]).toContain(name)
  })

  it.each([undefined, null])(
    'R40: an option that is %s is not set, and leaves the hardened value in force',
    (nothing) => {
      const preset = hardened(place())
      const names = Object.keys(preset).filter(
        (name) => !(name in place()) && typeof preset[name as never] !== 'function',
      )
      const unset = Object.fromEntries(names.map((name) => [name, nothing]))
      const given = hardened({ ...place(), ...unset, codec: nothing as never })
      expect(names.filter((name) => typeof given[name as never] !== typeof preset[name as never])).toEqual([])
    },
  )
})

describe('hardened, in a store', () => {
  it('R40: the secrets and ids of hardened() can be overridden', async () => {
    const store = new MemoryStore()
    const visitor = serve({ store, hashTokens: false, genid: () => 'my-own-id' }).visitor()
    await visitor.get('/set?user=ann', HTTPS)
    expect(visitor.jar.values.get('__Host-Http-session')).toBe('my-own-id')
    expect(store.get('my-own-id')).toMatchObject({ user: 'ann' })
  })

  it('R40: a hardened id is 256 bits, its secret 192 more, and no two are alike', async () => {
    const served = serve({ store: new MemoryStore() })
    const tokens: string[] = []
    for (let index = 0; index < 200; index++) {
      const visitor = served.visitor()
      await visitor.get('/set?user=ann', HTTPS)
      tokens.push(visitor.jar.values.get('__Host-Http-session') ?? '')
    }
    const [ids, secrets] = [0, 1].map((part) => tokens.map((token) => Buffer.from(token.split('~')[part], 'base64url')))
    for (const [values, bytes] of [
      [ids, 32],
      [secrets, 24],
    ] as const) {
      expect(new Set(values.map(String)).size).toBe(200)
      expect(values.every(({ length }) => length === bytes)).toBe(true)
      expect(new Set(values.flatMap((value) => [...value])).size).toBe(256)
    }
  })

  it.each(backendsWith({ hasIds: true }))(
    'R40: nothing in a dump of a hardened store opens a session: $name',
    async ({ options }) => {
      const { calls, options: recorded } = spyOn(options())
      const served = serve(recorded)
      const ann = served.visitor()
      await ann.get('/set?user=ann', HTTPS)
      const first = ann.jar.values.get('__Host-Http-session') ?? ''
      await ann.get('/regenerate', HTTPS)
      const writes = calls.filter(({ method }) => /^(create|replace|set)$/.test(method))
      const dump = new Set(writes.flatMap(({ args }) => textsIn(args.slice(0, 2))))
      expect(dump.size).toBeGreaterThan(2)
      expect([...dump].join()).not.toContain(first)
      expect([...dump].join()).not.toContain(ann.jar.values.get('__Host-Http-session'))
      const keys = new Keygrip(['a test key'])
      for (const text of dump) {
        const pair = `__Host-Http-session=${text}`
        const cookie = `${pair}; __Host-Http-session.sig=${keys.sign(pair)}`
        expect((await served.visitor().get('/', { ...HTTPS, cookie })).json()).toEqual({})
      }
      expect((await ann.get('/', HTTPS)).json()).toEqual({ user: 'ann' })
    },
  )

  it.each(backendsWith({ hasIds: true }))(
    'R40: the key of a hardened record is no token: $name',
    async ({ options }) => {
      const { calls, options: recorded } = spyOn(options())
      const served = serve(recorded)
      const ann = served.visitor()
      await ann.get('/set?user=ann', HTTPS)
      const [, id] = /^([\w-]{43})~[\w-]{32}$/.exec(ann.jar.values.get('__Host-Http-session') ?? '') ?? []
      expect(calls.map(({ args }) => args[0])).toEqual([id])
    },
  )
})

describe('hardened, neither nor', () => {
  it.each([undefined, {}, { store: undefined }, { keys: undefined }])(
    'R40: hardened(%p) is refused: it needs keys or a store',
    (options) => {
      expect(() => hardened(options)).toThrow(SessionError)
      expect(() => hardened(options)).toThrow(expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' }))
      expect(() => hardened(options)).toThrow(/"store".+"keys"/)
    },
  )

  it('R40: short keys of hardened() are refused', () => {
    expect(() => hardened({ keys: ['short'] })).toThrow(/32 bytes/)
  })
})
