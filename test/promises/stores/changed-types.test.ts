import {
  MemoryStore,
  type OwnedRecord,
  type SessionOptions,
  type SessionRecord,
  type Store,
  type Versioned,
} from 'koa-session-service'
import { stopClock, startClock } from '../../support/clock'
import { interceptStore, type Intercept } from '../../support/spies/intercept'
import { createSessionApp } from '../../support/app/session-app'
import { spyOn } from '../../support/spies/spy-on'

const NOW = Date.parse('2030-01-01T00:00:00.000Z')
const HOUR = 60 * 60 * 1000

type Change = (record: SessionRecord) => object

const FIELDS = ['_expire', '_session', '_maxAge', '_idle', '_created'] as const

/** Each control field as `change` has it. */
const each =
  (change: (value: unknown, name: string) => unknown): Change =>
  (record) =>
    Object.fromEntries(
      [...new Set([...Object.keys(record), ...FIELDS])].map((name) => {
        const value: unknown = record[name]
        return [name, name.startsWith('_') ? change(value, name) : value]
      }),
    )

const CHANGES: [string, Change][] = [
  [
    'a hash of texts',
    (record) => Object.fromEntries(Object.entries(record).map(([name, value]) => [name, String(value)])),
  ],
  [
    'a row with text for BIGINT, and NULL',
    each((value) => (typeof value === 'number' ? String(value) : (value ?? null))),
  ],
  ['a row without NULL, and 1 for true', each((value) => (value === true ? 1 : (value ?? 0)))],
  ['a row of BigInts', each((value) => (typeof value === 'number' ? BigInt(value) : value))],
  [
    'a document with dates and Longs',
    each((value, name) => {
      if (typeof value !== 'number') return value
      return /_expire|_created/.test(name) ? new Date(value) : { low: value | 0, high: 0, toNumber: () => value }
    }),
  ],
  [
    'a document that wrote out its dates',
    each((value, name) => (/_expire|_created/.test(name) && value ? new Date(value as number).toISOString() : value)),
  ],
]

/** Stores that give a record back changed: of three methods, and of conditional writes. */
const STORES: [string, (change: Change) => Store][] = [
  [
    'plain',
    (change) => {
      const rows = new Map<string, object>()
      return {
        get: (key: string) => rows.get(key),
        set: (key: string, record: SessionRecord) => void rows.set(key, change(record)),
        destroy: (key: string) => void rows.delete(key),
      }
    },
  ],
  ['conditional', (change) => interceptStore({ store: new MemoryStore() }, changed(change)).store as Store],
]

/** What a conditional store answers, with the types of `change`. */
const changed =
  (change: Change): Intercept =>
  ({ method, proceed }) => {
    const answer = proceed()
    if (method === 'listByOwner') {
      return (answer as OwnedRecord[]).map(({ key, record }) => ({ key, record: change(record) }))
    }
    return method === 'read' && answer ? { ...answer, record: change((answer as Versioned).record) } : answer
  }

beforeEach(() => stopClock(NOW))
afterEach(startClock)

describe.each(STORES)('a %s store', (_kind, make) => {
  describe.each(CHANGES)('that gives back %s', (_name, change) => {
    const open = (options: SessionOptions = {}) => {
      const { options: watched, names } = spyOn({ store: make(change) })
      const { visitor, app } = createSessionApp({ ...watched, signed: false, ...options })
      const told: string[] = []
      for (const name of ['missed', 'expired', 'invalid']) app.on(`session:${name}`, () => told.push(name))
      const writes = (): number => names.filter((name) => /set|create|replace/.test(name)).length
      return { writes, ann: visitor(), told }
    }

    it('R96: a store that gives lifetimes back in another type keeps visitors signed in, and is written for changes alone', async () => {
      const { writes, ann, told } = open()
      await ann.get('/set?user=ann')
      expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
      expect((await ann.get('/')).setCookie).toEqual([])
      expect(writes()).toBe(1)
      await ann.get('/set?cart=tea')
      expect((await ann.get('/')).json()).toEqual({ user: 'ann', cart: 'tea' })
      expect(writes()).toBe(2)
      await new Promise(setImmediate)
      expect(told).toEqual([])
    })

    it('R96: a store that gives back other types leaves the session of a browser one that ends with it', async () => {
      const { ann } = open({ maxAge: 'session' })
      const lasting = /expires|max-age/i
      expect((await ann.get('/set?user=ann')).setCookie.join()).not.toMatch(lasting)
      const { setCookie } = await ann.get('/set?cart=tea')
      expect(setCookie.length).toBeGreaterThan(0)
      expect(setCookie.join()).not.toMatch(lasting)
      expect((await ann.get('/')).json()).toEqual({ user: 'ann', cart: 'tea' })
    })

    it('R96: a store that gives back other types keeps to the time that each session was given', async () => {
      const clock = stopClock(NOW)
      const { ann } = open()
      await ann.get('/set?user=ann')
      await ann.get(`/max-age?value=${HOUR}`)
      clock.advance(HOUR - 1000)
      expect((await ann.get('/set?cart=tea')).setCookie.join()).toContain(new Date(NOW + 2 * HOUR - 1000).toUTCString())
      clock.advance(HOUR + 1)
      expect((await ann.get('/')).json()).toEqual({})
    })

    it.each(['idleTimeout', 'absoluteTimeout'])(
      'R96: a store that gives back other types ends sessions by the %s, and not before',
      async (timeout) => {
        const clock = stopClock(NOW)
        const { ann } = open({ [timeout]: HOUR })
        await ann.get('/set?user=ann')
        clock.advance(HOUR - 1000)
        expect((await ann.get('/plain')).status).toBe(200)
        clock.advance(999)
        expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
        clock.advance(timeout === 'idleTimeout' ? HOUR + 1 : 2)
        expect((await ann.get('/')).json()).toEqual({})
      },
    )
  })
})

it.each(CHANGES)('R96: an index by owner that gives back %s is listed and ended', async (_name, change) => {
  const store = interceptStore({ store: new MemoryStore() }, changed(change)).store as Store
  const owner = (data: object): string | undefined => (data as { user?: string }).user
  const { sessions, visitor } = createSessionApp({ store, signed: false, owner, idleTimeout: HOUR })
  const [ann, other] = [visitor(), visitor()]
  await ann.get('/set?user=ann')
  await other.get('/set?user=ann')
  const listed = await sessions.list({ owner: 'ann' })
  expect(listed.map(({ expiresAt }) => expiresAt)).toEqual([NOW + HOUR, NOW + HOUR])
  expect(await sessions.revokeAll({ owner: 'ann' })).toBe(2)
  expect((await ann.get('/')).json()).toEqual({})
})
