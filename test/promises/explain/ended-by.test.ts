import { MemoryStore, type EndedBy, type SessionExplanation, type SessionOptions } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { at, explained, type ExplainedSite } from './explained-site'

const MINUTE = 60_000
const owner = ((data: { user?: string }) => data.user) as SessionOptions['owner']
const by = (data: object): string[] => ('user' in data ? ['team:1'] : [])

type Row = [how: string, end: (site: ExplainedSite) => Promise<unknown>, endedBy: EndedBy]

const LOGOUT: Row = ['a logout', (site) => site.get('/out'), 'session']
const OWNER: Row = ['the end of its owner', (site) => site.sessions.revokeAll({ owner: 'ann' }), 'owner']
const EVERYBODY: Row = ['the end of everybody', (site) => site.sessions.end('*'), 'everybody']
const KEY: Row = ['the end of another key', (site) => site.sessions.end('team:1'), 'key']

/** What another process says of a session that was ended, and how often it has asked the store of ends for that. */
async function judged(options: SessionOptions, ...ends: Row[]): Promise<{ told: SessionExplanation; asked: number }> {
  const store = new MemoryStore()
  const [here, there] = [0, 1].map(() => explained({ owner, ...options, ends: { store, by } }))
  await here.get('/in')
  const copy = here.jar.header
  for (const [, end] of ends) await end(here)
  const read = jest.spyOn(store, 'readEnds')
  const told = await there.get('/', copy)
  return { told, asked: read.mock.calls.length }
}

afterEach(startClock)

it.each([LOGOUT, OWNER, EVERYBODY, KEY])(
  'R120: explain() says by what a session in its cookie was ended, and the store of ends is asked no more for it: %s',
  async (...row) => {
    const { told, asked } = await judged({}, row)
    expect(told).toMatchObject({ why: 'ended', endedBy: row[2], session: 'new' })
    expect(asked).toBe(1)
  },
)

it.each([EVERYBODY, KEY])('R120: explain() says by what a session in a store was ended: %s', async (...row) => {
  const { told, asked } = await judged({ store: new MemoryStore() }, row)
  expect(told).toMatchObject({ why: 'ended', endedBy: row[2], session: 'new' })
  expect(asked).toBe(1)
})

it('R120: explain() says the narrowest of several ends', async () => {
  const { told } = await judged({}, LOGOUT, OWNER, EVERYBODY, KEY)
  expect(told.endedBy).toBe('session')
  expect((await judged({}, KEY, EVERYBODY, OWNER)).told.endedBy).toBe('owner')
  expect((await judged({}, KEY, EVERYBODY)).told.endedBy).toBe('everybody')
})

it('R120: explain() says by what the session was ended of which a copy comes back after its token was replaced', async () => {
  const clock = stopClock()
  const options = { store: new MemoryStore(), owner, rotateEvery: MINUTE, ends: { store: new MemoryStore(), by } }
  const site = explained(options)
  await site.get('/in')
  await site.get()
  const copy = site.jar.header
  clock.advance(MINUTE)
  for (let requests = 0; requests < 2; requests++) await site.get()
  clock.advance(MINUTE)
  await site.sessions.end('team:1')
  expect(await site.get('/', copy)).toMatchObject({ why: 'ended', endedBy: 'key' })
})

it('R120: explain() says by what a session was ended for no other session', async () => {
  const site = explained({ signed: false, owner, ends: { store: new MemoryStore(), by } })
  await site.get('/in')
  const ended = site.jar.header
  await site.get('/out')
  await site.get('/in')
  const told = await site.get('/', `${ended}; ${site.jar.header}`)
  expect(told).toMatchObject({ why: 'accepted', endedBy: undefined })
  expect(told.presented.map(({ fate }) => fate)).toEqual(['ended', 'accepted'])
})

it('R120: explain() says of a session whose ends were lost that nobody knows by what it was ended', async () => {
  const clock = stopClock()
  const [before, after] = [0, 1].map(() => () => explained({ owner, ends: { store: new MemoryStore(), by } }))
  const site = before()
  await site.get('/in')
  clock.advance(MINUTE)
  expect(await at(after(), site).get()).toMatchObject({ why: 'ends-lost', endedBy: undefined })
})
