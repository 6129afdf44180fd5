import fc, { type Command } from 'fast-check'
import { MemoryStore, type SessionRecord } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'

let clock: ReturnType<typeof stopClock>
beforeEach(() => (clock = stopClock()))
afterEach(startClock)

interface Kept {
  /** The record as it was written, and its `_expire` as it was touched since. */
  record: SessionRecord
  expire: number | undefined
  until: number
}

/** What a store without bounds is to know. */
class Model {
  readonly kept = new Map<string, Kept>()

  find(key: string): Kept | undefined {
    const found = this.kept.get(key)
    return found && found.until >= Date.now() ? found : undefined
  }

  get(key: string): SessionRecord | undefined {
    const found = this.find(key)
    if (!found) return undefined
    return found.expire === undefined ? found.record : { ...found.record, _expire: found.expire }
  }

  set(key: string, record: SessionRecord, maxAge: number): void {
    this.kept.set(key, { record, expire: record._expire, until: Date.now() + maxAge })
  }

  touch(key: string, expire: number | undefined, maxAge: number): boolean {
    const found = this.find(key)
    if (!found) return false
    found.until = Math.max(found.until, Date.now() + maxAge)
    if (expire !== undefined && found.expire !== undefined) found.expire = Math.max(found.expire, expire)
    return true
  }
}

type Step = Command<Model, MemoryStore>

function step(name: string, run: (model: Model, store: MemoryStore) => void): Step {
  return { check: () => true, run, toString: () => name }
}

const key = fc.constantFrom('a', 'b', '__proto__')
const maxAge = fc.integer({ min: 1, max: 50 })
const expire = fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined })
const record: fc.Arbitrary<SessionRecord> = fc
  .tuple(fc.integer({ min: 0, max: 3 }), expire)
  .map(([n, _expire]) => (_expire === undefined ? { n } : { n, _expire }))

/** Every step compares the answer, and what is there afterwards. */
const steps = [
  fc.integer({ min: 1, max: 40 }).map((time) => step(`advance ${time}`, () => clock.advance(time))),
  key.map((k) => step(`get ${k}`, (model, store) => expect(store.get(k)).toEqual(model.get(k)))),
  key.map((k) =>
    step(`destroy ${k}`, (model, store) => {
      expect(store.destroy(k)).toBe(model.find(k) !== undefined)
      model.kept.delete(k)
    }),
  ),
  fc.tuple(key, record, maxAge).map(([k, value, life]) =>
    step(`set ${k}`, (model, store) => {
      store.set(k, value, life)
      model.set(k, value, life)
    }),
  ),
  fc.tuple(key, record, maxAge).map(([k, value, life]) =>
    step(`create ${k}`, (model, store) => {
      const isFree = model.find(k) === undefined
      expect(store.create(k, value, life) !== undefined).toBe(isFree)
      if (isFree) model.set(k, value, life)
    }),
  ),
  fc.tuple(key, record, maxAge).map(([k, value, life]) =>
    step(`replace ${k}`, (model, store) => {
      const isThere = model.find(k) !== undefined
      const answer = store.replace(k, value, life, store.read(k)?.revision)
      expect(answer.outcome).toBe(isThere ? 'written' : 'missing')
      if (isThere) model.set(k, value, life)
    }),
  ),
  fc.tuple(key, record, maxAge).map(([k, value, life]) =>
    step(`replace ${k} at another revision`, (model, store) => {
      const outcome = model.find(k) === undefined ? 'missing' : 'conflict'
      expect(store.replace(k, value, life, 'no revision')).toEqual({ outcome })
    }),
  ),
  fc
    .tuple(key, expire, maxAge)
    .map(([k, until, life]) =>
      step(`touch ${k}`, (model, store) =>
        expect(store.touch(k, until, life).outcome === 'written').toBe(model.touch(k, until, life)),
      ),
    ),
]

test('R65: a MemoryStore does what a map with times does', () => {
  fc.assert(
    fc.property(fc.commands(steps, { maxCommands: 40 }), (commands) => {
      const [model, real] = [new Model(), new MemoryStore()]
      fc.modelRun(() => ({ model, real }), commands)
      for (const k of ['a', 'b', '__proto__']) expect(real.get(k)).toEqual(model.get(k))
    }),
    { numRuns: 400 },
  )
})

describe('with a bound', () => {
  test('R65: a MemoryStore never holds more than max; what was just written is there, and under a key only what was written there last', () => {
    const operation = fc.tuple(
      fc.constantFrom('set', 'create', 'touch', 'get', 'destroy'),
      fc.nat(12),
      maxAge,
      fc.nat(9),
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(operation, { maxLength: 60 }), (max, operations) => {
        const store = new MemoryStore({ max })
        const written = new Map<string, number>()
        operations.forEach(([method, number, life, wait], n) => {
          const k = String(number)
          clock.advance(wait)
          if (method === 'touch') store.touch(k, undefined, life)
          if (method === 'destroy') store.destroy(k)
          if (method === 'get') store.get(k)
          const isCreated = method === 'create' && store.create(k, { n }, life) !== undefined
          if (method === 'set') store.set(k, { n }, life)
          if (isCreated || method === 'set') {
            written.set(k, n)
            // Not every time: what was looked at is forgotten later.
            if (n % 3 === 0) expect(store.get(k)).toEqual({ n })
          }
          expect(store.size).toBeLessThanOrEqual(max)
        })
        for (const [k, n] of written) expect([n, undefined]).toContain(store.get(k)?.n)
      }),
      { numRuns: 300 },
    )
  })

  test('R65: in a MemoryStore, what is used once among max - 1 newcomers survives any number of them', () => {
    const use = fc.constantFrom<(store: MemoryStore) => unknown>(
      (store) => store.get('used'),
      (store) => store.read('used'),
      (store) => store.touch('used', undefined, 1_000),
      (store) => store.set('used', { user: 'alice' }, 1_000),
    )
    const rounds = fc.array(fc.tuple(use, fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 30 })
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), rounds, (max, uses) => {
        const store = new MemoryStore({ max })
        store.set('used', { user: 'alice' }, 1_000)
        let count = 0
        for (const [touch, share] of uses) {
          touch(store)
          const newcomers = 1 + Math.floor(share * (max - 2))
          for (let left = newcomers; left > 0; left--) store.create(`new ${count++}`, {}, 1_000)
        }
        expect(store.get('used')).toEqual({ user: 'alice' })
      }),
      { numRuns: 300 },
    )
  })

  test('R65: an expired record of a MemoryStore goes before one that lives, though it was used', () => {
    const store = new MemoryStore({ max: 3 })
    store.set('expired', {}, 10)
    store.set('one', {}, 1_000)
    store.set('two', {}, 1_000)
    store.get('expired')
    clock.advance(11)
    store.set('three', {}, 1_000)
    expect(['one', 'two', 'three'].map((k) => store.get(k))).toEqual([{}, {}, {}])
    expect(store.size).toBe(3)
  })
})
