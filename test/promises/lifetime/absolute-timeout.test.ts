import type { Context } from 'koa'
import { startClock, stopClock } from '../../support/clock'
import { BACKENDS, backendsWith } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'
import { observe } from '../../support/app/site'
import type { Visitor } from '../../support/app/app'
import { spyOn } from '../../support/spies/spy-on'

const NOW = Date.parse('2030-01-01T00:00:00.000Z')
const HOUR = 60 * 60 * 1000
const ABSOLUTE = { absoluteTimeout: 12 * HOUR, rolling: true }

let clock: ReturnType<typeof stopClock>
beforeEach(() => (clock = stopClock(NOW)))
afterEach(startClock)

function setSlowly(ctx: Context): void {
  ctx.session.user = 'bea'
  clock.advance(2 * HOUR)
}

/** Uses the session every hour, and answers after how many hours it was over. */
async function hoursUntilOver(visitor: Visitor): Promise<number> {
  for (let hour = 1; hour < 100; hour++) {
    clock.advance(HOUR)
    if (!('user' in (await visitor.get('/')).json<object>())) return hour
  }
  return Infinity
}

describe.each(BACKENDS)('absoluteTimeout: $name', ({ options }) => {
  it('R24: rolling does not extend absoluteTimeout', async () => {
    const visitor = createSessionApp({ ...options(), ...ABSOLUTE }).visitor()
    await visitor.get('/set?user=ann')
    expect(await hoursUntilOver(visitor)).toBe(13)
  })

  it('R24: a change, save, touch and a longer maxAge do not extend absoluteTimeout', async () => {
    const visitor = createSessionApp({ ...options(), ...ABSOLUTE }).visitor()
    await visitor.get('/set?user=ann')
    for (const path of ['/set?a=1', '/touch', `/max-age?value=${30 * 24 * HOUR}`, '/regenerate']) {
      clock.advance(HOUR)
      await visitor.get(path)
    }
    expect(await hoursUntilOver(visitor)).toBe(13 - 4)
  })

  it('R24: the cookie ends when absoluteTimeout does', async () => {
    const visitor = createSessionApp({ ...options(), ...ABSOLUTE }).visitor()
    await visitor.get('/set?user=ann')
    clock.advance(11 * HOUR)
    const { setCookie } = await visitor.get('/')
    expect(setCookie[0]).toContain(`expires=${new Date(NOW + 12 * HOUR).toUTCString()}`)
  })

  it('R24: an absoluteTimeout that is lowered applies to sessions that exist', async () => {
    const backend = options()
    const before = createSessionApp({ ...backend, ...ABSOLUTE }).visitor()
    await before.get('/set?user=ann')
    clock.advance(5 * HOUR)
    await before.get('/plain')
    const { visitor } = createSessionApp({ ...backend, ...ABSOLUTE, absoluteTimeout: 4 * HOUR })
    expect((await visitor(before.jar.copy()).get('/')).json()).toEqual({})
  })

  it('R24: an idle timeout that is lowered near the end counts from the last use', async () => {
    const backend = { ...options(), rolling: true, absoluteTimeout: 12 * HOUR, maxAge: 48 * HOUR }
    const before = createSessionApp({ ...backend, idleTimeout: 8 * HOUR }).visitor()
    await before.get('/set?user=ann')
    for (const hours of [5, 5]) {
      clock.advance(hours * HOUR)
      await before.get('/')
    }
    clock.advance(HOUR)
    const { visitor } = createSessionApp({ ...backend, idleTimeout: 2 * HOUR })
    expect((await visitor(before.jar.copy()).get('/')).json()).toEqual({ user: 'ann' })
  })

  it('R24: a session that is young enough ends at the lowered absoluteTimeout', async () => {
    const backend = options()
    const before = createSessionApp({ ...backend, ...ABSOLUTE }).visitor()
    await before.get('/set?user=ann')
    clock.advance(2 * HOUR)
    const { visitor } = createSessionApp({ ...backend, ...ABSOLUTE, absoluteTimeout: 4 * HOUR })
    expect(await hoursUntilOver(visitor(before.jar.copy()))).toBe(5 - 2)
  })

  it('R24: a session from before the option absoluteTimeout counts from its last renewal', async () => {
    const backend = { ...options(), maxAge: 48 * HOUR }
    const before = createSessionApp(backend).visitor()
    await before.get('/set?user=ann')
    clock.advance(2 * HOUR)
    const { visitor } = createSessionApp({ ...backend, ...ABSOLUTE })
    expect(await hoursUntilOver(visitor(before.jar.copy()))).toBe(13 - 2)
  })

  it.each(['/slow', '/slow-set'])(
    'R24: a request (%s) during which absoluteTimeout passes ends in peace, and the session with it',
    async (path) => {
      const actions = { '/slow': () => clock.advance(2 * HOUR), '/slow-set': setSlowly }
      const { visitor } = createSessionApp({ ...options(), ...ABSOLUTE }, actions)
      const ann = visitor()
      await ann.get('/set?user=ann')
      clock.advance(11 * HOUR)
      const jar = ann.jar.copy()
      expect((await ann.get(path)).status).toBe(200)
      expect((await visitor(jar).get('/')).json()).toEqual({})
      expect((await ann.get('/')).json()).toEqual({})
    },
  )
})

describe.each(backendsWith({ hasIds: false }))('absoluteTimeout: $name', ({ options }) => {
  it.each([{ absoluteTimeout: 12 * HOUR }, { idleTimeout: 12 * HOUR }])(
    'R21, R64: a "session" lifetime from before there was a timeout has no bound, and ends with %j',
    async (timeout) => {
      const backend = { ...options(), maxAge: 'session' as const }
      const before = createSessionApp(backend).visitor()
      await before.get('/set?user=ann')
      const { app, visitor } = createSessionApp({ ...backend, ...timeout })
      const { eventNames } = observe(app)
      expect((await visitor(before.jar.copy()).get('/')).json()).toEqual({})
      expect(await eventNames()).toEqual(['expired'])
    },
  )
})

describe.each(backendsWith({ hasIds: true }))('absoluteTimeout: $name', ({ options }) => {
  it('R24: a "session" lifetime from before the option absoluteTimeout counts from its first use under it', async () => {
    const backend = { ...options(), maxAge: 'session' as const }
    const before = createSessionApp(backend).visitor()
    await before.get('/set?user=ann')
    clock.advance(2 * HOUR)
    const after = createSessionApp({ ...backend, absoluteTimeout: 12 * HOUR }).visitor(before.jar.copy())
    await after.get('/')
    expect(await hoursUntilOver(after)).toBe(13)
  })

  it('R24: the store is told a finite TTL that is longer than absoluteTimeout leaves the session', async () => {
    const recorded = spyOn({ ...options(), ...ABSOLUTE, maxAge: 'session' })
    const visitor = createSessionApp(recorded.options).visitor()
    await visitor.get('/set?user=ann')
    clock.advance(11 * HOUR)
    await visitor.get('/set?user=bea')
    const { args } = recorded.calls.at(-1) as (typeof recorded.calls)[number]
    expect(args[2]).toBe(HOUR + 10_000)
  })

  it('R24: the store is told a positive TTL also where absoluteTimeout passes during the request', async () => {
    const recorded = spyOn({ ...options(), ...ABSOLUTE })
    const visitor = createSessionApp(recorded.options, { '/slow-set': setSlowly }).visitor()
    await visitor.get('/set?user=ann')
    clock.advance(11 * HOUR)
    await visitor.get('/slow-set')
    const ttls = recorded.calls.filter(({ method }) => /^(set|create|replace)$/.test(method)).map(({ args }) => args[2])
    expect(ttls.filter((ttl) => !(Number(ttl) > 0))).toEqual([])
  })
})
