import { MemoryStore } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { BACKENDS, backendsWith, PlainStore } from '../../support/backends/backends'
import { interceptStore } from '../../support/spies/intercept'
import { createSessionApp } from '../../support/app/session-app'
import { spyOn } from '../../support/spies/spy-on'

const NOW = Date.parse('2030-01-01T00:00:00.000Z')
const HOUR = 60 * 60 * 1000
const ROLLING = { rolling: true, maxAge: HOUR }

/** What each store is asked for one renewal without a change. */
const RENEWAL: Record<string, string[]> = {
  MemoryStore: ['read', 'touch'],
  'conditional store without touch': ['read', 'replace'],
  'plain store': ['get', 'set'],
  ContextStore: ['get', 'set'],
}

let clock: ReturnType<typeof stopClock>
beforeEach(() => (clock = stopClock(NOW)))
afterEach(startClock)

function expiresOf(lines: string[]): string[] {
  return lines.filter((line) => !line.includes('.sig=')).map((line) => /expires=([^;]+)/.exec(line)?.[1] ?? 'never')
}

describe.each(BACKENDS)('rolling: $name', ({ options }) => {
  it.each(['/', '/plain', '/throw'])(
    'R22: a response of %s to a valid session renews it under rolling',
    async (path) => {
      const visitor = createSessionApp({ ...options(), ...ROLLING }).visitor()
      await visitor.get('/set?user=ann')
      clock.advance(HOUR / 2)
      const { setCookie } = await visitor.get(path)
      expect(expiresOf(setCookie)).toEqual([new Date(NOW + 1.5 * HOUR).toUTCString()])
      clock.advance(HOUR)
      expect((await visitor.get('/')).json()).toEqual({ user: 'ann' })
    },
  )

  it('R22: a session under rolling lives for as long as it is used, and maxAge longer', async () => {
    const { visitor } = createSessionApp({ ...options(), ...ROLLING })
    const ann = visitor()
    await ann.get('/set?user=ann')
    for (let visit = 0; visit < 5; visit++) {
      clock.advance(HOUR)
      await ann.get('/plain')
    }
    const kept = ann.jar.copy()
    clock.advance(HOUR)
    expect((await visitor(kept.copy()).get()).json()).toEqual({ user: 'ann' })
  })

  it('R22: a session under rolling that was not used for maxAge is over', async () => {
    const { visitor } = createSessionApp({ ...options(), ...ROLLING })
    const ann = visitor()
    await ann.get('/set?user=ann')
    const kept = ann.jar.copy()
    clock.advance(HOUR + 1)
    expect((await visitor(kept).get()).json()).toEqual({})
  })

  it('R22: rolling renews nothing without a session', async () => {
    const visitor = createSessionApp({ ...options(), ...ROLLING }).visitor()
    expect((await visitor.get('/plain')).setCookie).toEqual([])
    expect((await visitor.get('/')).setCookie).toEqual([])
  })

  it('R22: no response renews a session without rolling', async () => {
    const visitor = createSessionApp({ ...options(), maxAge: HOUR }).visitor()
    await visitor.get('/set?user=ann')
    clock.advance(HOUR / 4)
    expect((await visitor.get('/')).setCookie).toEqual([])
  })

  it('R22: rolling renews a "session" lifetime as one', async () => {
    const visitor = createSessionApp({ ...options(), rolling: true, maxAge: 'session' }).visitor()
    await visitor.get('/set?user=ann')
    expect(expiresOf((await visitor.get('/plain')).setCookie)).toEqual(['never'])
  })
})

describe.each(backendsWith({ hasIds: false }))('rolling: $name', ({ options }) => {
  it('R22: rolling renews the record in the cookie, not the cookie alone', async () => {
    const { visitor } = createSessionApp({ ...options(), ...ROLLING })
    const ann = visitor()
    await ann.get('/set?user=ann')
    clock.advance(HOUR)
    await ann.get('/plain')
    const kept = ann.jar.copy()
    clock.advance(HOUR)
    expect((await visitor(kept).get()).json()).toEqual({ user: 'ann' })
  })
})

describe.each(backendsWith({ hasIds: true }))('rolling: $name', ({ name, options }) => {
  it(`R22: a renewal makes exactly the calls ${RENEWAL[name].join(' and ')}`, async () => {
    const recorded = spyOn({ ...options(), ...ROLLING })
    const visitor = createSessionApp(recorded.options).visitor()
    await visitor.get('/set?user=ann')
    recorded.names.length = 0
    await visitor.get('/plain')
    expect(recorded.names).toEqual(RENEWAL[name])
    recorded.names.length = 0
    await visitor.get('/')
    expect(recorded.names).toEqual(RENEWAL[name])
  })

  it('R22: a change under rolling writes once, which renews as well', async () => {
    const recorded = spyOn({ ...options(), ...ROLLING })
    const visitor = createSessionApp(recorded.options).visitor()
    await visitor.get('/set?user=ann')
    recorded.names.length = 0
    clock.advance(HOUR / 2)
    const { setCookie } = await visitor.get('/set?user=bea')
    expect(recorded.names).toEqual([expect.stringMatching(/^(read|get)$/), expect.stringMatching(/^(replace|set)$/)])
    expect(expiresOf(setCookie)).toEqual([new Date(NOW + 1.5 * HOUR).toUTCString()])
  })
})

describe('rolling: what a store is told', () => {
  it('R22: touch is given the id, the new _expire and a TTL that outlives the cookie, and no data', async () => {
    const { options, calls } = spyOn({ store: new MemoryStore(), ...ROLLING })
    const visitor = createSessionApp(options).visitor()
    await visitor.get('/set?user=ann')
    clock.advance(HOUR / 2)
    await visitor.get('/plain')
    const touch = calls.find(({ method }) => method === 'touch')
    const id = visitor.jar.values.get('koa.sess')
    expect(touch?.args.slice(0, 3)).toEqual([id, NOW + 1.5 * HOUR, HOUR + 10_000])
  })

  it('R22: touch of a "session" lifetime is given no _expire and a TTL that is a number', async () => {
    const { options, calls } = spyOn({ store: new MemoryStore(), rolling: true, maxAge: 'session' })
    const visitor = createSessionApp(options).visitor()
    await visitor.get('/set?user=ann')
    await visitor.get('/plain')
    const touch = calls.find(({ method }) => method === 'touch')
    expect(touch?.args.slice(1, 3)).toEqual([undefined, 24 * HOUR])
  })

  it('R22: a plain store is told that nothing has changed', async () => {
    const { options, calls } = spyOn({ store: new PlainStore(), ...ROLLING })
    const visitor = createSessionApp(options).visitor()
    await visitor.get('/set?user=ann')
    await visitor.get('/plain')
    const changed = calls.filter(({ method }) => method === 'set').map(({ args }) => args[3])
    expect(changed).toMatchObject([{ changed: true }, { changed: false }])
  })

  it('R11, R22: touch of a record that is gone creates none, and the client is told nothing', async () => {
    const store = new MemoryStore()
    const options = interceptStore({ store, ...ROLLING }, ({ method, args, proceed }) => {
      if (method === 'touch') store.destroy(String(args[0]))
      return proceed()
    })
    const visitor = createSessionApp(options).visitor()
    await visitor.get('/set?user=ann')
    expect((await visitor.get('/plain')).setCookie).toEqual([])
    expect(store.size).toBe(0)
  })
})
