import type { Context } from 'koa'
import { MemoryStore, type SessionRecord } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'

const record = (data: Record<string, unknown> = { user: 'alice' }): SessionRecord => data

const owned = { rolling: false, ctx: {} as Context, owner: 'ann' }
/** The keys that it holds: a list is no use. */
const held = (store: MemoryStore): string[] =>
  ['old', 'x', 'y', 'z', 'a', 'b', 'c', 'd', 'e', '1', '2', '3', '4'].filter((key) => peek(store, key)).sort()
const peek = (store: MemoryStore, key: string): boolean => {
  const revision = 'no revision'
  return store.replace(key, record(), 1, revision).outcome === 'conflict'
}

let clock: ReturnType<typeof stopClock>
beforeEach(() => (clock = stopClock()))
afterEach(startClock)

test.each(['__proto__', 'constructor', 'size'])('R32: a MemoryStore takes %s for a key like any other', (key) => {
  const store = new MemoryStore()
  expect(store.get(key)).toBeUndefined()
  store.set(key, record(), 1_000)
  expect(store.get(key)).toEqual({ user: 'alice' })
})

test('R32: what read() of a MemoryStore returns is a copy', () => {
  const store = new MemoryStore()
  store.set('a', record({ cart: ['tea'] }), 1_000)
  ;(store.read('a')?.record as { cart: string[] }).cart.push('salt')
  expect(store.get('a')).toEqual({ cart: ['tea'] })
})

describe('time', () => {
  test('R21: a record of a MemoryStore is there for its whole life, and not after it', () => {
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    clock.advance(1_000)
    expect(store.get('a')).toEqual({ user: 'alice' })
    clock.advance(1)
    expect(store.get('a')).toBeUndefined()
    expect(store.read('a')).toBeUndefined()
  })

  test('R21: a record of a MemoryStore that is set anew has a new life', () => {
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    clock.advance(900)
    store.set('a', record(), 1_000)
    clock.advance(900)
    expect(store.get('a')).toEqual({ user: 'alice' })
  })

  test('R21: a record of a MemoryStore that is read has no longer life', () => {
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    clock.advance(900)
    store.get('a')
    clock.advance(200)
    expect(store.get('a')).toBeUndefined()
  })

  test('R21: a MemoryStore needs no timers', () => {
    const timers = [jest.spyOn(globalThis, 'setTimeout'), jest.spyOn(globalThis, 'setInterval')]
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    store.touch('a', 5, 1_000)
    store.get('a')
    for (const timer of timers) expect(timer).not.toHaveBeenCalled()
    jest.restoreAllMocks()
  })
})

describe('bounds', () => {
  test('R65: a MemoryStore holds at most max records, and forgets the one unused for longest', () => {
    const store = new MemoryStore({ max: 3 })
    for (const key of ['a', 'b', 'c']) store.set(key, record({ key }), 1_000)
    store.get('a')
    store.set('d', record({ key: 'd' }), 1_000)
    expect(store.size).toBe(3)
    expect(['a', 'b', 'c', 'd'].map((key) => store.get(key)?.key)).toEqual(['a', undefined, 'c', 'd'])
  })

  test('R65: a MemoryStore forgets first what was used least lately, in whichever way it was used', () => {
    const store = new MemoryStore({ max: 5 })
    for (const key of ['a', 'b', 'c', 'd', 'e']) store.set(key, record({ key }), 1_000)
    store.get('a')
    store.touch('b', undefined, 1_000)
    store.replace('c', record({ key: 'c' }), 1_000, store.read('c')?.revision)
    store.set('d', record({ key: 'd' }), 1_000)
    for (const [added, ...left] of [
      ['1', 'a', 'b', 'c', 'd', '1'],
      ['2', 'b', 'c', 'd', '1', '2'],
      ['3', 'c', 'd', '1', '2', '3'],
    ]) {
      store.create(added, record({ key: added }), 1_000)
      expect(held(store)).toEqual(left.sort())
    }
  })

  test('R65: a MemoryStore forgets what has expired before what was used least lately', () => {
    const store = new MemoryStore({ max: 4 })
    store.set('old', record(), 10_000, owned)
    for (const [key, life] of [
      ['x', 500],
      ['y', 100],
      ['z', 300],
    ] as const)
      store.set(key, record(), life, owned)
    store.touch('y', undefined, 400)
    clock.advance(301)
    store.set('1', record(), 10_000, owned)
    expect(held(store)).toEqual(['1', 'old', 'x', 'y'])
    clock.advance(200)
    store.set('2', record(), 10_000, owned)
    store.set('3', record(), 10_000, owned)
    expect(held(store)).toEqual(['1', '2', '3', 'old'])
    store.set('4', record(), 10_000, owned)
    expect(held(store)).toEqual(['1', '2', '3', '4'])
  })

  test('R65: a MemoryStore holds 100,000 records by default', () => {
    const store = new MemoryStore()
    for (let count = 0; count < 100_010; count++) store.set(String(count), record(), 1_000)
    expect(store.size).toBe(100_000)
  })
})

test.each([0, -1, 1.5, NaN, Infinity, '10'])('R38: a MemoryStore refuses %s for "max"', (max) => {
  expect(() => new MemoryStore({ max: max as number })).toThrow(
    expect.objectContaining({
      code: 'ERR_SESSION_OPTIONS',
      message: expect.stringContaining('whole number') as string,
    }),
  )
})

test('R9: a write that a MemoryStore refuses gives no record a longer life', () => {
  const store = new MemoryStore()
  store.set('a', record(), 1_000)
  expect(store.create('a', record({ user: 'bob' }), 9_000)).toBeUndefined()
  expect(store.replace('a', record({ user: 'carol' }), 9_000, 'another revision')).toEqual({ outcome: 'conflict' })
  expect(store.get('a')).toEqual({ user: 'alice' })
  clock.advance(1_001)
  expect(store.get('a')).toBeUndefined()
})
