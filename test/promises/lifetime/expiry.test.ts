import { startClock, stopClock } from '../../support/clock'
import { BACKENDS, backendsWith } from '../../support/backends/backends'
import { plant, plantedRecord, PLANTED_ID } from '../../support/backends/plant'
import { createSessionApp } from '../../support/app/session-app'
import { spyOn } from '../../support/spies/spy-on'

const NOW = Date.parse('2030-01-01T00:00:00.000Z')
const HOUR = 60 * 60 * 1000

const NOT_TIMES: [string, unknown][] = [
  ['a time that is past', NOW - 1],
  ['true', true],
  ['an object', {}],
  ['an array', [NOW + HOUR]],
]
/** What a database may make of a time, or of none; in a cookie it is nobody's making. */
const TIMES_OF_STORES: [string, unknown][] = [
  ['the text "1"', '1'],
  ['the text of a time to come', String(NOW + HOUR)],
  ['null, as JSON writes NaN', null],
  ['0', 0],
]

beforeEach(() => stopClock(NOW))
afterEach(startClock)

describe.each(BACKENDS)('a record in: $name', ({ options, hasIds }) => {
  it.each(NOT_TIMES)('R21: a record with an _expire that is %s is not accepted', async (_name, _expire) => {
    const settings = { ...options(), signed: false }
    const jar = await plant(settings, { user: 'ann', _expire, _maxAge: HOUR })
    expect((await createSessionApp(settings).visitor(jar).get()).json()).toEqual({})
    expect(await plantedRecord(settings)).toBeUndefined()
  })

  it('R21: a record is accepted up to its _expire, and not a millisecond longer', async () => {
    const clock = stopClock(NOW)
    const settings = { ...options(), signed: false }
    const jar = await plant(settings, { user: 'ann', _expire: NOW + HOUR, _maxAge: HOUR })
    const { visitor } = createSessionApp(settings)
    clock.advance(HOUR)
    expect((await visitor(jar.copy()).get()).json()).toEqual({ user: 'ann' })
    clock.advance(1)
    expect((await visitor(jar.copy()).get()).json()).toEqual({})
  })

  it('R21: a record of a "session" lifetime needs no _expire', async () => {
    const settings = { ...options(), signed: false }
    const jar = await plant(settings, { user: 'ann', _session: true })
    expect((await createSessionApp(settings).visitor(jar).get()).json()).toEqual({ user: 'ann' })
  })

  it(`R21: a record with neither _expire nor _session is ${hasIds ? 'accepted: the store rules its life' : 'not accepted'}`, async () => {
    const settings = { ...options(), signed: false }
    const jar = await plant(settings, { user: 'ann' })
    expect((await createSessionApp(settings).visitor(jar).get()).json()).toEqual(hasIds ? { user: 'ann' } : {})
  })

  it('R21: a record of a "session" lifetime is bounded by absoluteTimeout', async () => {
    const clock = stopClock(NOW)
    const { visitor } = createSessionApp({ ...options(), maxAge: 'session', absoluteTimeout: HOUR })
    const ann = visitor()
    const { setCookie } = await ann.get('/set?user=ann')
    expect(setCookie.some((line) => /expires|max-age/i.test(line))).toBe(false)
    const kept = ann.jar.copy()
    clock.advance(HOUR)
    expect((await visitor(kept.copy()).get()).json()).toEqual({ user: 'ann' })
    clock.advance(1)
    expect((await visitor(kept.copy()).get()).json()).toEqual({})
  })
})

describe.each(backendsWith({ hasIds: false }))('a payload in: $name', ({ options }) => {
  it.each(TIMES_OF_STORES)('R21: a payload with an _expire that is %s is not accepted', async (_name, _expire) => {
    const settings = { ...options(), signed: false }
    const jar = await plant(settings, { user: 'ann', _expire, _maxAge: HOUR })
    expect((await createSessionApp(settings).visitor(jar).get()).json()).toEqual({})
  })

  it.each([1, 'true', {}, null, false])(
    'R21: a payload with _session: %j and no _expire is not accepted',
    async (_session) => {
      const settings = { ...options(), signed: false }
      const jar = await plant(settings, { user: 'ann', _session })
      expect((await createSessionApp(settings).visitor(jar).get()).json()).toEqual({})
    },
  )

  it('R21: a payload that is past and says _session: true is not accepted', async () => {
    const settings = { ...options(), signed: false }
    const jar = await plant(settings, { user: 'ann', _session: true, _expire: NOW - 1 })
    expect((await createSessionApp(settings).visitor(jar).get()).json()).toEqual({})
  })
})

describe.each(backendsWith({ hasIds: true }))('an expired record in: $name', ({ options }) => {
  it('R21: an expired record is destroyed once, under its id', async () => {
    const settings = { ...options(), signed: false }
    const jar = await plant(settings, { user: 'ann', _expire: NOW - 1, _maxAge: HOUR })
    const recorded = spyOn(settings)
    await createSessionApp(recorded.options).visitor(jar).get('/plain')
    expect(recorded.names).toEqual([expect.stringMatching(/^(read|get)$/), 'destroy'])
    expect(recorded.calls[1].args[0]).toBe(PLANTED_ID)
  })

  it.each(['idleTimeout', 'absoluteTimeout'])(
    'R21: a record that is expired by the %s is destroyed too',
    async (timeout) => {
      const clock = stopClock(NOW)
      const settings = { ...options(), signed: false, [timeout]: HOUR }
      const jar = await plant(settings, { user: 'ann', _expire: NOW + 9 * HOUR, _maxAge: 9 * HOUR, _created: NOW })
      clock.advance(HOUR + 1)
      expect((await createSessionApp(settings).visitor(jar).get()).json()).toEqual({})
      expect(await plantedRecord(settings)).toBeUndefined()
    },
  )
})
