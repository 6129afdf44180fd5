import { type SessionOptions } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { PlainStore } from '../../support/backends/backends'
import { cookieOf } from '../../support/set-cookie'
import { createSite, sessionOf, type Handlers } from '../../support/app/site'
import { spyOn } from '../../support/spies/spy-on'

const ONE_DAY = 86_400_000
const GRACE = 10_000
const HANDLERS: Handlers = {
  '/login': (ctx) => (ctx.session.user = 'alice'),
  '/remember': (ctx) => (ctx.session.maxAge = 30 * ONE_DAY),
  '/forget': (ctx) => (ctx.session.maxAge = 'session'),
}

function createRecordedSite(options: SessionOptions) {
  const recorded = spyOn({ store: new PlainStore() })
  const site = createSite({ ...options, store: recorded.store }, HANDLERS)
  return { ...site, ...recorded, ttls: () => recorded.argsOf('set').map(([, , maxAge]) => maxAge) }
}

beforeEach(() => stopClock())
afterEach(startClock)

const TTLS: [options: SessionOptions, ttl: number][] = [
  [{}, ONE_DAY + GRACE],
  [{ maxAge: 5_000 }, 5_000 + GRACE],
  [{ maxAge: 5_000, ttl: 60_000 }, 60_000],
  [{ maxAge: 60_000, ttl: 5_000 }, 60_000 + GRACE],
  [{ maxAge: 60_000, ttl: 60_000 }, 60_000 + GRACE],
  [{ maxAge: 'session' }, ONE_DAY],
  [{ maxAge: 'session', ttl: 60_000 }, 60_000],
]

test.each(TTLS)('R25, D10: a store keeps a record with %o for %i ms', async (options, ttl) => {
  const { visitor, ttls } = createRecordedSite(options)
  await visitor.get('/login')
  expect(ttls()).toEqual([ttl])
})

test.each(TTLS)('R25: a cookie with %o does not outlive its record', async (options) => {
  const { visitor, ttls } = createRecordedSite(options)
  const { expires = Date.now() } = cookieOf(await visitor.get('/login'))
  expect(expires).toBeLessThan(Date.now() + (ttls()[0] as number))
})

test('R25: ttl leaves the cookie’s lifetime as it is', async () => {
  const { visitor } = createRecordedSite({ maxAge: 5_000, ttl: 60_000 })
  expect(cookieOf(await visitor.get('/login')).expires).toBe(Date.now() + 5_000)
})

test('R25: a session is over with its cookie, although the store keeps its record longer', async () => {
  const { visitor, eventNames } = createRecordedSite({ maxAge: 5_000, ttl: 60_000 })
  await visitor.get('/login')
  jest.setSystemTime(Date.now() + 5_001)
  expect(await sessionOf(visitor)).toEqual({})
  expect(await eventNames()).toEqual(['expired', 'ended'])
})

test.each([[{}], [{ ttl: 60_000 }]])(
  'R25: a session with a longer life of its own is kept as long as that needs: %o',
  async (options) => {
    const { visitor, ttls } = createRecordedSite(options)
    await visitor.get('/remember')
    await visitor.get('/login')
    expect(ttls()).toEqual([30 * ONE_DAY + GRACE, 30 * ONE_DAY + GRACE])
  },
)

test("D10: a session that is given the lifetime 'session' has a finite time in the store", async () => {
  const { visitor, ttls } = createRecordedSite({ maxAge: 5_000, rolling: true })
  await visitor.get('/forget')
  await visitor.get('/')
  expect(ttls()).toEqual([ONE_DAY, ONE_DAY])
})

test.each([
  [{}, ONE_DAY],
  [{ maxAge: 5_000 }, 5_000],
  [{ maxAge: 'session' }, ONE_DAY],
  [{ maxAge: 'session', ttl: 60_000 }, 60_000],
] as [SessionOptions, number][])('R25: store.get is told, with %o, a life of %i ms', async (options, maxAge) => {
  const { visitor, argsOf } = createRecordedSite(options)
  await visitor.get('/forget')
  await visitor.get('/')
  expect(argsOf('get').map(([, told]) => told)).toEqual([maxAge])
})
