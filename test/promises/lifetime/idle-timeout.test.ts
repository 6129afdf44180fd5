import { startClock, stopClock } from '../../support/clock'
import { BACKENDS } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'

const NOW = Date.parse('2030-01-01T00:00:00.000Z')
const MINUTE = 60 * 1000
const DAY = 24 * 60 * MINUTE

let clock: ReturnType<typeof stopClock>
beforeEach(() => (clock = stopClock(NOW)))
afterEach(startClock)

describe.each(BACKENDS)('idleTimeout: $name', ({ options }) => {
  it('R24: idleTimeout ends a session that was not used for so long, and not earlier', async () => {
    const { visitor } = createSessionApp({ ...options(), idleTimeout: 30 * MINUTE })
    const ann = visitor()
    await ann.get('/set?user=ann')
    const kept = ann.jar.copy()
    clock.advance(30 * MINUTE)
    expect((await visitor(kept.copy()).get('/')).json()).toEqual({ user: 'ann' })
    clock.advance(30 * MINUTE + 1)
    expect((await visitor(kept.copy()).get('/')).json()).toEqual({})
  })

  it.each(['/', '/plain', '/touch'])('R24: a request to %s is a use, which renews under idleTimeout', async (path) => {
    const visitor = createSessionApp({ ...options(), idleTimeout: 30 * MINUTE }).visitor()
    await visitor.get('/set?user=ann')
    for (let visit = 0; visit < 4; visit++) {
      clock.advance(29 * MINUTE)
      await visitor.get(path)
    }
    expect((await visitor.get('/')).json()).toEqual({ user: 'ann' })
  })

  it('R24: the cookie lives no longer than idleTimeout leaves the session', async () => {
    const visitor = createSessionApp({ ...options(), idleTimeout: 30 * MINUTE }).visitor()
    const { setCookie } = await visitor.get('/set?user=ann')
    expect(setCookie[0]).toContain(`expires=${new Date(NOW + 30 * MINUTE).toUTCString()}`)
  })

  it('R24: maxAge bounds a session under idleTimeout as well where it is shorter', async () => {
    const { visitor } = createSessionApp({ ...options(), idleTimeout: 30 * MINUTE, maxAge: 10 * MINUTE })
    const ann = visitor()
    await ann.get('/set?user=ann')
    const kept = ann.jar.copy()
    clock.advance(10 * MINUTE + 1)
    expect((await visitor(kept).get('/')).json()).toEqual({})
  })

  it('R24: idleTimeout holds for a "session" cookie', async () => {
    const { visitor } = createSessionApp({ ...options(), idleTimeout: 30 * MINUTE, maxAge: 'session' })
    const ann = visitor()
    const { setCookie } = await ann.get('/set?user=ann')
    expect(setCookie[0]).not.toContain('expires')
    const kept = ann.jar.copy()
    clock.advance(30 * MINUTE + 1)
    expect((await visitor(kept).get('/')).json()).toEqual({})
  })

  it('R24: idleTimeout holds for a session that was given a longer maxAge of its own', async () => {
    const { visitor } = createSessionApp({ ...options(), idleTimeout: 30 * MINUTE })
    const ann = visitor()
    await ann.get('/set?user=ann')
    await ann.get(`/max-age?value=${30 * DAY}`)
    const kept = ann.jar.copy()
    clock.advance(30 * MINUTE + 1)
    expect((await visitor(kept).get('/')).json()).toEqual({})
  })

  it('R24: an idleTimeout that is lowered applies to sessions that exist', async () => {
    const backend = options()
    const before = createSessionApp({ ...backend, idleTimeout: 30 * MINUTE }).visitor()
    await before.get('/set?user=ann')
    const after = createSessionApp({ ...backend, idleTimeout: 10 * MINUTE })
    const kept = before.jar.copy()
    clock.advance(10 * MINUTE + 1)
    expect((await after.visitor(kept).get('/')).json()).toEqual({})
  })

  it('R24: a session that was used in time goes on under a lowered idleTimeout', async () => {
    const backend = options()
    const before = createSessionApp({ ...backend, idleTimeout: 30 * MINUTE }).visitor()
    await before.get('/set?user=ann')
    const { visitor } = createSessionApp({ ...backend, idleTimeout: 10 * MINUTE })
    const ann = visitor(before.jar.copy())
    clock.advance(9 * MINUTE)
    await ann.get('/plain')
    clock.advance(9 * MINUTE)
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    const kept = ann.jar.copy()
    clock.advance(10 * MINUTE + 1)
    expect((await visitor(kept).get('/')).json()).toEqual({})
  })

  it('R24: a session from before the option idleTimeout is measured from its last renewal', async () => {
    const backend = options()
    const before = createSessionApp({ ...backend, maxAge: DAY }).visitor()
    await before.get('/set?user=ann')
    const { visitor } = createSessionApp({ ...backend, maxAge: DAY, idleTimeout: 30 * MINUTE })
    clock.advance(10 * MINUTE)
    const ann = visitor(before.jar.copy())
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    clock.advance(30 * MINUTE)
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    const kept = ann.jar.copy()
    clock.advance(30 * MINUTE + 1)
    expect((await visitor(kept).get('/')).json()).toEqual({})
  })

  it('R24: a session that was idle too long when the option idleTimeout came is over', async () => {
    const backend = options()
    const before = createSessionApp({ ...backend, maxAge: DAY }).visitor()
    await before.get('/set?user=ann')
    clock.advance(30 * MINUTE + 1)
    const after = createSessionApp({ ...backend, maxAge: DAY, idleTimeout: 30 * MINUTE })
    expect((await after.visitor(before.jar.copy()).get('/')).json()).toEqual({})
  })
})
