import { startClock, stopClock } from '../../support/clock'
import { BACKENDS, backendsWith } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'
import { READS, spyOn } from '../../support/spies/spy-on'

const NOW = Date.parse('2030-01-01T00:00:00.000Z')
const HOUR = 60 * 60 * 1000
const DAY = 24 * HOUR
const RENEW = { renew: true, maxAge: DAY }

let clock: ReturnType<typeof stopClock>
beforeEach(() => (clock = stopClock(NOW)))
afterEach(startClock)

describe.each(BACKENDS)('renew: $name', ({ options, hasIds }) => {
  it('R23: renew renews when less than half of the life is left, and not with a half', async () => {
    const { visitor } = createSessionApp({ ...options(), ...RENEW })
    const ann = visitor()
    await ann.get('/set?user=ann')
    clock.advance(DAY / 2)
    expect((await visitor(ann.jar.copy()).get('/')).setCookie).toEqual([])
    clock.advance(1)
    const { setCookie } = await ann.get('/')
    expect(setCookie[0]).toContain(`expires=${new Date(Date.now() + DAY).toUTCString()}`)
    clock.advance(DAY)
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
  })

  it('R23: renew writes once per half life at most, however often the session is used', async () => {
    const visitor = createSessionApp({ ...options(), ...RENEW }).visitor()
    await visitor.get('/set?user=ann')
    const renewals: number[] = []
    for (let hour = 1; hour <= 72; hour++) {
      clock.advance(HOUR)
      if ((await visitor.get('/')).setCookie.length > 0) renewals.push(hour)
    }
    expect(renewals).toEqual([13, 26, 39, 52, 65])
  })

  it('R23: renew renews a session of its own maxAge at its own half', async () => {
    const visitor = createSessionApp({ ...options(), ...RENEW }).visitor()
    await visitor.get('/set?user=ann')
    await visitor.get(`/max-age?value=${10 * DAY}`)
    clock.advance(4 * DAY)
    expect((await visitor.get('/')).setCookie).toEqual([])
    clock.advance(1.5 * DAY)
    const { setCookie } = await visitor.get('/')
    expect(setCookie[0]).toContain(`expires=${new Date(Date.now() + 10 * DAY).toUTCString()}`)
  })

  it('R23: renew writes nothing where absoluteTimeout leaves nothing to win', async () => {
    const given = { ...options(), ...RENEW, absoluteTimeout: DAY }
    const recorded = hasIds ? spyOn(given) : { options: given, names: [] }
    const visitor = createSessionApp(recorded.options).visitor()
    await visitor.get('/set?user=ann')
    recorded.names.length = 0
    clock.advance(DAY / 2)
    for (let hour = 1; hour < 12; hour++) {
      clock.advance(HOUR)
      expect((await visitor.get('/')).setCookie).toEqual([])
    }
    expect(recorded.names.filter((name) => !READS.test(name))).toEqual([])
  })
})

const RENEWAL: Record<string, string> = { MemoryStore: 'touch', 'conditional store without touch': 'replace' }

describe.each(backendsWith({ hasIds: true }))('renew: $name', ({ name, options }) => {
  it('R23: renew makes one call to renew, and a request in the first half only reads', async () => {
    const recorded = spyOn({ ...options(), ...RENEW })
    const visitor = createSessionApp(recorded.options).visitor()
    await visitor.get('/set?user=ann')
    recorded.names.length = 0
    await visitor.get('/plain')
    expect(recorded.names).toEqual([expect.stringMatching(/^(read|get)$/)])
    recorded.names.length = 0
    clock.advance(DAY / 2 + 1)
    await visitor.get('/plain')
    expect(recorded.names).toEqual([expect.stringMatching(/^(read|get)$/), RENEWAL[name] ?? 'set'])
  })
})
