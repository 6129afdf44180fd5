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

describe('get, set and destroy', () => {
  test('keep a record under its key', () => {
    const store = new MemoryStore()
    store.set('a', record({ user: 'alice' }), 1_000)
    store.set('b', record({ user: 'bob' }), 1_000)
    expect(store.get('a')).toEqual({ user: 'alice' })
    expect(store.get('b')).toEqual({ user: 'bob' })
    expect(store.size).toBe(2)
  })

  test('answer undefined for a key that is not there', () => {
    const store = new MemoryStore()
    for (const key of ['a', '', '__proto__', 'constructor']) expect(store.get(key)).toBeUndefined()
  })

  test.each(['__proto__', 'constructor', 'size'])('take %s for a key like any other', (key) => {
    const store = new MemoryStore()
    store.set(key, record(), 1_000)
    expect(store.get(key)).toEqual({ user: 'alice' })
  })

  test('replace what was there', () => {
    const store = new MemoryStore()
    store.set('a', record({ user: 'alice', theme: 'dark' }), 1_000)
    store.set('a', record({ user: 'bob' }), 1_000)
    expect(store.get('a')).toEqual({ user: 'bob' })
    expect(store.size).toBe(1)
  })

  test('destroy answers whether there was a record, and is silent where there was none', () => {
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    expect(store.destroy('a')).toBe(true)
    expect(store.destroy('a')).toBe(false)
    expect(store.get('a')).toBeUndefined()
    expect(store.size).toBe(0)
  })

  test('keep copies: what is given and what is got may be changed', () => {
    const store = new MemoryStore()
    const given = record({ cart: ['tea'] })
    store.set('a', given, 1_000)
    ;(given.cart as string[]).push('milk')
    const got = store.get('a') as { cart: string[] }
    got.cart.push('sugar')
    ;(store.read('a')?.record as { cart: string[] }).cart.push('salt')
    expect(store.get('a')).toEqual({ cart: ['tea'] })
  })
})

describe('time', () => {
  test('a record is there for its whole life, and not after it', () => {
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    clock.advance(1_000)
    expect(store.get('a')).toEqual({ user: 'alice' })
    clock.advance(1)
    expect(store.get('a')).toBeUndefined()
    expect(store.read('a')).toBeUndefined()
  })

  test('set anew gives a new life', () => {
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    clock.advance(900)
    store.set('a', record(), 1_000)
    clock.advance(900)
    expect(store.get('a')).toEqual({ user: 'alice' })
  })

  test('reading gives no longer life', () => {
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    clock.advance(900)
    store.get('a')
    clock.advance(200)
    expect(store.get('a')).toBeUndefined()
  })

  test('an expired record is nothing to destroy, to replace or to touch, and its key is free', () => {
    const store = new MemoryStore()
    for (const key of ['a', 'b', 'c', 'd']) store.set(key, record(), 1_000)
    const revision = store.read('b')?.revision
    clock.advance(1_001)
    expect(store.destroy('a')).toBe(false)
    expect(store.replace('b', record(), 1_000, revision)).toEqual({ outcome: 'missing' })
    expect(store.touch('c', undefined, 1_000)).toEqual({ outcome: 'missing' })
    expect(store.create('d', record({ user: 'bob' }), 1_000)).toEqual({ revision: expect.anything() })
    expect(['a', 'b', 'c', 'd'].map((key) => store.get(key)?.user)).toEqual([undefined, undefined, undefined, 'bob'])
  })

  test('it expires without timers', () => {
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
  test('it holds at most max records, and forgets the one unused for longest', () => {
    const store = new MemoryStore({ max: 3 })
    for (const key of ['a', 'b', 'c']) store.set(key, record({ key }), 1_000)
    store.get('a')
    store.set('d', record({ key: 'd' }), 1_000)
    expect(store.size).toBe(3)
    expect(['a', 'b', 'c', 'd'].map((key) => store.get(key)?.key)).toEqual(['a', undefined, 'c', 'd'])
  })

  test('R65: what was used least lately goes first, in whichever way it was used', () => {
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

  test('R65: what has expired goes before what was used least lately', () => {
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

  test('R65: room is made without a search, also where everything was used lately', () => {
    const max = 20_000
    const full = new MemoryStore({ max })
    let count = 0
    const create = (store: MemoryStore, times: number): number => {
      const start = performance.now()
      for (let made = 0; made < times; made++) store.create(`id-${count++}`, record(), 1_000_000)
      return performance.now() - start
    }
    create(full, max)
    const rounds = Array.from({ length: 9 }, () => {
      for (let id = count - max; id < count; id++) full.get(`id-${id}`)
      const atBound = create(full, 10)
      const below = create(new MemoryStore(), 10)
      count -= 10
      return [atBound, below]
    })
    const [atBound, below] = [0, 1].map((which) => Math.min(...rounds.map((times) => times[which])))
    // A search of all of them costs about fifty times as much.
    expect(atBound / below).toBeLessThan(10)
  })

  test('it holds 100,000 by default', () => {
    const store = new MemoryStore()
    for (let count = 0; count < 100_010; count++) store.set(String(count), record(), 1_000)
    expect(store.size).toBe(100_000)
  })
})

test.each([0, -1, 1.5, NaN, Infinity, '10'])('max: %s is refused', (max) => {
  expect(() => new MemoryStore({ max: max as number })).toThrow(
    expect.objectContaining({
      code: 'ERR_SESSION_OPTIONS',
      message: expect.stringContaining('whole number') as string,
    }),
  )
})

describe('conditional writes', () => {
  test('create writes where the key is free, and answers the revision', () => {
    const store = new MemoryStore()
    const created = store.create('a', record(), 1_000)
    expect(store.read('a')).toMatchObject({ record: { user: 'alice' }, revision: created?.revision })
  })

  test('create leaves a key that is taken as it is', () => {
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    expect(store.create('a', record({ user: 'bob' }), 9_000)).toBeUndefined()
    expect(store.get('a')).toEqual({ user: 'alice' })
    clock.advance(1_001)
    expect(store.get('a')).toBeUndefined()
  })

  test('replace writes at the revision that was read, and answers the new one', () => {
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    const answer = store.replace('a', record({ user: 'bob' }), 5_000, store.read('a')?.revision)
    expect(answer).toEqual({ outcome: 'written', revision: store.read('a')?.revision })
    clock.advance(5_000)
    expect(store.get('a')).toEqual({ user: 'bob' })
  })

  test('replace at an older revision is a conflict, and changes nothing', () => {
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    const revision = store.read('a')?.revision
    store.set('a', record({ user: 'bob' }), 1_000)
    expect(store.replace('a', record({ user: 'carol' }), 9_000, revision)).toEqual({ outcome: 'conflict' })
    expect(store.get('a')).toEqual({ user: 'bob' })
    clock.advance(1_001)
    expect(store.get('a')).toBeUndefined()
  })

  test('replace of a record that is gone creates none', () => {
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    const revision = store.read('a')?.revision
    store.destroy('a')
    expect(store.replace('a', record(), 1_000, revision)).toEqual({ outcome: 'missing' })
    expect(store.size).toBe(0)
  })

  test('only the first of two writers at one revision writes', () => {
    const store = new MemoryStore()
    store.set('a', record(), 1_000)
    const revision = store.read('a')?.revision
    expect(store.replace('a', record({ user: 'bob' }), 1_000, revision).outcome).toBe('written')
    expect(store.replace('a', record({ user: 'carol' }), 1_000, revision).outcome).toBe('conflict')
    expect(store.get('a')).toEqual({ user: 'bob' })
  })
})

describe('touch', () => {
  test('gives a record a longer life and a new expiry, and leaves its data', () => {
    const store = new MemoryStore()
    store.set('a', record({ user: 'alice', _expire: 1, _maxAge: 1_000 }), 1_000)
    clock.advance(900)
    expect(store.touch('a', 77, 1_000).outcome).toBe('written')
    clock.advance(900)
    expect(store.get('a')).toEqual({ user: 'alice', _expire: 77, _maxAge: 1_000 })
  })

  test('makes no life shorter', () => {
    const store = new MemoryStore()
    store.set('a', record({ user: 'alice', _expire: 77 }), 1_000)
    expect(store.touch('a', 7, 10).outcome).toBe('written')
    clock.advance(900)
    expect(store.get('a')).toEqual({ user: 'alice', _expire: 77 })
  })

  test('without an expiry leaves the record without one', () => {
    const store = new MemoryStore()
    store.set('a', record({ user: 'alice', _session: true }), 1_000)
    store.touch('a', undefined, 1_000)
    expect(store.get('a')).toEqual({ user: 'alice', _session: true })
  })

  test('of nothing answers false, and creates nothing', () => {
    const store = new MemoryStore()
    expect(store.touch('a', 5, 1_000)).toEqual({ outcome: 'missing' })
    expect(store.size).toBe(0)
  })

  test('is no write of the data: the revision that was read before it is still good', () => {
    const store = new MemoryStore()
    store.set('a', record({ user: 'alice', _expire: 1 }), 1_000)
    const revision = store.read('a')?.revision
    store.touch('a', 77, 1_000)
    expect(store.replace('a', record({ user: 'bob' }), 1_000, revision).outcome).toBe('written')
  })
})
