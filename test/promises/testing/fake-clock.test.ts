import { MemoryStore, sealed, SessionService, type SessionOptions } from 'koa-session-service'
import { fakeClock, visit, type FakeClock } from 'koa-session-service/testing'
import { createApp } from '../../support/app/app'
import { SEALING_KEYS } from '../../support/backends/backends'

const MINUTE = 60 * 1000
const RealDate = Date
let clock: FakeClock | undefined

function start(): FakeClock {
  return (clock = fakeClock())
}

afterEach(() => clock?.stop())

const STORES: Record<string, () => SessionOptions> = {
  cookie: () => ({}),
  sealed: () => ({ codec: sealed({ keys: SEALING_KEYS }) }),
  MemoryStore: () => ({ store: new MemoryStore() }),
}

describe.each(Object.entries(STORES))('%s', (_name, options) => {
  test.each([
    ['maxAge', { maxAge: 20 * MINUTE }, 20],
    ['idleTimeout', { idleTimeout: 20 * MINUTE }, 20],
    ['absoluteTimeout', { absoluteTimeout: 20 * MINUTE }, 20],
  ])('R81: a session sees the end of its %s', async (_option, lifetime, minutes) => {
    const { advance } = start()
    const sessions = new SessionService(createApp(), { ...options(), ...lifetime })
    const ada = await visit(sessions, { userId: 'ada' })
    advance((minutes - 1) * MINUTE)
    expect(await ada.session()).toEqual({ userId: 'ada' })
    expect(ada.headers.cookie).toBeDefined()
    advance(2 * MINUTE)
    expect(await ada.session()).toBeUndefined()
  })

  test('R81: a request in time extends a session under fakeClock()', async () => {
    const { advance } = start()
    const ada = await visit(new SessionService(createApp(), { ...options(), idleTimeout: 20 * MINUTE }), {
      userId: 'ada',
    })
    for (let times = 0; times < 3; times++) {
      advance(15 * MINUTE)
      await ada.run(() => undefined)
    }
    expect(await ada.session()).toEqual({ userId: 'ada' })
  })
})

test('R81: a browser forgets a cookie that has expired', async () => {
  const { advance } = start()
  const ada = await visit(new SessionService(createApp(), { maxAge: MINUTE }), { userId: 'ada' })
  expect(ada.cookies('http://localhost')).toHaveLength(2)
  advance(2 * MINUTE)
  expect(ada.headers).toEqual({})
  expect(ada.cookies('http://localhost')).toEqual([])
})

test('R81: fakeClock() moves whatever asks for the time, and goes on running', async () => {
  const { advance } = start()
  const before = RealDate.now()
  advance(60 * MINUTE)
  for (const now of [
    Date.now(),
    new Date().getTime(),
    Reflect.construct(Date, []).getTime() as number,
    Date.parse(Date()),
  ]) {
    expect(now - before).toBeGreaterThan(59 * MINUTE)
    expect(now - before).toBeLessThan(61 * MINUTE)
  }
  const [first, began] = [Date.now(), RealDate.now()]
  while (RealDate.now() - began < 5) await new Promise((resolve) => setTimeout(resolve, 1))
  expect(Date.now()).toBeGreaterThan(first)
})

test('R81: dates under fakeClock() are dates as before', () => {
  const earlier = new Date()
  start()
  class Day extends Date {}
  expect(earlier).toBeInstanceOf(Date)
  expect(new Date()).toBeInstanceOf(RealDate)
  expect(new Day()).toBeInstanceOf(Day)
  expect(new Date(0).toISOString()).toBe('1970-01-01T00:00:00.000Z')
  expect(Date.UTC(1970, 0, 2)).toBe(24 * 60 * MINUTE)
})

test('R81: fakeClock() gives the time back, once', () => {
  const { advance, stop } = start()
  advance(60 * MINUTE)
  stop()
  expect(Date).toBe(RealDate)
  const other = start()
  stop()
  expect(Date).not.toBe(RealDate)
  other.stop()
  expect(Date).toBe(RealDate)
})

test('R81: a second fakeClock() at a time is refused', () => {
  start()
  expect(fakeClock).toThrow(expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' }))
})

test.each([-1, NaN, Infinity, '1'])('R81: fakeClock() does not advance by %p', (ms) => {
  const { advance } = start()
  expect(() => advance(ms as number)).toThrow(expect.objectContaining({ code: 'ERR_SESSION_BAD_VALUE' }))
})
