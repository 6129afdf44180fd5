import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { Context } from 'koa'
import type { ConditionalStore, OwnerIndexedStore, StoreSetRequest, TouchableStore } from './contracts/store'

/** The functions of a test runner: jest, vitest and mocha have them as globals, `node:test` exports them. */
export interface TestRunner {
  describe: (title: string, define: () => void) => unknown
  it: (title: string, test: () => Promise<void>) => unknown
  beforeEach: (prepare: () => Promise<void>) => unknown
  afterEach: (clean: () => Promise<void>) => unknown
}

/** A store with every capability; what the store at hand does not have is not called. */
export type CapableStore = ConditionalStore & TouchableStore & OwnerIndexedStore

/** The store and the key of the test that is running. */
export interface TestedStore {
  store: CapableStore
  key: string
}

const LONG = 60_000
const SHORT = 100
const PARALLEL = 20

export function describeContract(it: TestRunner['it'], test: TestedStore): void {
  it('get answers the record that was set', async () => {
    const record = {
      name: 'Zoë 🛒',
      list: [1, { deep: null }],
      flag: true,
      _expire: Date.now() + LONG,
      _maxAge: LONG,
    }
    await test.store.set(test.key, record, LONG, request())
    assert.deepEqual({ ...(await test.store.get(test.key, LONG, request())) }, record)
  })
  it('get answers undefined or null for a key that is missing', async () => {
    assert.equal((await test.store.get(test.key, LONG, request())) ?? undefined, undefined)
  })
  it('get answers undefined or null for a record that has expired', async () => {
    await test.store.set(test.key, { a: 1 }, SHORT, request())
    await until(async () => !(await test.store.get(test.key, LONG, request())))
  })
  it('a record is not forgotten before its time', async () => {
    await test.store.set(test.key, { a: 1 }, SHORT, request())
    await test.store.set(test.key, { a: 2 }, LONG, request())
    await setTimeout(2 * SHORT)
    assert.equal((await test.store.get(test.key, LONG, request()))?.a, 2)
  })
  it('what get answers is a copy', async () => {
    await test.store.set(test.key, { list: [1] }, LONG, request())
    const first = (await test.store.get(test.key, LONG, request())) as { list: number[] }
    first.list.push(2)
    assert.deepEqual((await test.store.get(test.key, LONG, request()))?.list, [1])
  })
  it('what set is given is copied', async () => {
    const record = { list: [1] }
    await test.store.set(test.key, record, LONG, request())
    record.list.push(2)
    assert.deepEqual((await test.store.get(test.key, LONG, request()))?.list, [1])
  })
  it('set replaces the whole record', async () => {
    await test.store.set(test.key, { a: 1, b: 1 }, LONG, request())
    await test.store.set(test.key, { b: 2 }, LONG, request())
    assert.deepEqual({ ...(await test.store.get(test.key, LONG, request())) }, { b: 2 })
  })
  it('keys that differ by the case of a letter are two', async () => {
    await test.store.set(`${test.key}a`, { a: 1 }, LONG, request())
    assert.equal((await test.store.get(`${test.key}A`, LONG, request())) ?? undefined, undefined)
  })
  it('a record of 100 KB is kept', async () => {
    const text = 'ü'.repeat(50_000)
    await test.store.set(test.key, { text }, LONG, request())
    assert.equal((await test.store.get(test.key, LONG, request()))?.text, text)
  })
  it('destroy removes the record', async () => {
    await test.store.set(test.key, { a: 1 }, LONG, request())
    await test.store.destroy(test.key, request())
    assert.equal((await test.store.get(test.key, LONG, request())) ?? undefined, undefined)
  })
  it('destroy of nothing is silent', async () => {
    await test.store.destroy(test.key, request())
  })
}

export function describeConditional(it: TestRunner['it'], test: TestedStore): void {
  it('read answers the record and its revision, and undefined for nothing', async () => {
    assert.equal((await test.store.read(test.key, request())) ?? undefined, undefined)
    const created = await test.store.create(test.key, { a: 1 }, LONG, request())
    const found = await test.store.read(test.key, request())
    assert.deepEqual({ ...found?.record }, { a: 1 })
    assert.deepEqual(found?.revision, created?.revision)
  })
  it('create leaves a record that is there as it is', async () => {
    await test.store.create(test.key, { a: 1 }, LONG, request())
    assert.equal(await test.store.create(test.key, { a: 2 }, LONG, request()), undefined)
    assert.equal((await test.store.read(test.key, request()))?.record.a, 1)
  })
  it('create takes the key of a record that has expired', async () => {
    await test.store.create(test.key, { a: 1 }, SHORT, request())
    await until(async () => Boolean(await test.store.create(test.key, { a: 2 }, LONG, request())))
    assert.equal((await test.store.read(test.key, request()))?.record.a, 2)
  })
  it('of many that create, one does', async () => {
    const created = await Promise.all(times(async (a) => test.store.create(test.key, { a }, LONG, request())))
    assert.equal(created.filter(Boolean).length, 1)
  })
  it('replace writes at the revision that was read', async () => {
    const created = await test.store.create(test.key, { a: 1 }, LONG, request())
    const result = await test.store.replace(test.key, { a: 2 }, LONG, created?.revision, request())
    assert.equal(result.outcome, 'written')
    const found = await test.store.read(test.key, request())
    assert.equal(found?.record.a, 2)
    assert.deepEqual(found?.revision, 'revision' in result ? result.revision : undefined)
  })
  it('replace writes nothing where another one has written', async () => {
    const created = await test.store.create(test.key, { a: 1 }, LONG, request())
    await test.store.replace(test.key, { a: 2 }, LONG, created?.revision, request())
    assert.deepEqual(await test.store.replace(test.key, { a: 3 }, LONG, created?.revision, request()), {
      outcome: 'conflict',
    })
    assert.equal((await test.store.read(test.key, request()))?.record.a, 2)
  })
  it('replace does not bring a destroyed record back', async () => {
    const created = await test.store.create(test.key, { a: 1 }, LONG, request())
    await test.store.destroy(test.key, request())
    assert.deepEqual(await test.store.replace(test.key, { a: 2 }, LONG, created?.revision, request()), {
      outcome: 'missing',
    })
    assert.equal((await test.store.read(test.key, request())) ?? undefined, undefined)
  })
  it('of many that replace one revision, one does', async () => {
    const created = await test.store.create(test.key, { a: -1 }, LONG, request())
    const results = await Promise.all(
      times(async (a) => test.store.replace(test.key, { a }, LONG, created?.revision, request())),
    )
    assert.equal(results.filter(({ outcome }) => outcome === 'written').length, 1)
    assert.equal(results.filter(({ outcome }) => outcome === 'conflict').length, PARALLEL - 1)
  })
  it('destroy answers whether there was a record', async () => {
    await test.store.create(test.key, { a: 1 }, LONG, request())
    assert.equal(await test.store.destroy(test.key, request()), true)
    assert.equal(await test.store.destroy(test.key, request()), false)
  })
}

export function describeTouch(it: TestRunner['it'], test: TestedStore): void {
  it('touch extends the life of a record, and moves its _expire alone', async () => {
    const expire = Date.now() + LONG
    await test.store.set(test.key, { a: 1, _expire: Date.now() + SHORT, _maxAge: SHORT }, SHORT, request())
    assert.equal(await test.store.touch(test.key, expire, LONG, request()), true)
    await setTimeout(2 * SHORT)
    assert.deepEqual(
      { ...(await test.store.get(test.key, LONG, request())) },
      { a: 1, _expire: expire, _maxAge: SHORT },
    )
  })
  it('touch makes no life shorter', async () => {
    const record = { a: 1, _expire: Date.now() + LONG, _maxAge: LONG }
    await test.store.set(test.key, record, LONG, request())
    assert.equal(await test.store.touch(test.key, Date.now() + SHORT, SHORT, request()), true)
    await setTimeout(2 * SHORT)
    assert.deepEqual({ ...(await test.store.get(test.key, LONG, request())) }, record)
  })
  it('touch creates nothing', async () => {
    assert.equal(await test.store.touch(test.key, Date.now() + LONG, LONG, request()), false)
    assert.equal((await test.store.get(test.key, LONG, request())) ?? undefined, undefined)
  })
  it('touch leaves a record without _expire without one', async () => {
    await test.store.set(test.key, { a: 1, _session: true }, LONG, request())
    assert.equal(await test.store.touch(test.key, undefined, LONG, request()), true)
    assert.deepEqual({ ...(await test.store.get(test.key, LONG, request())) }, { a: 1, _session: true })
  })
}

export function describeOwner(it: TestRunner['it'], test: TestedStore): void {
  const keysOf = async (owner: string): Promise<string[]> =>
    (await test.store.listByOwner(owner)).map((found) => found.key)

  it('lists the records of an owner, and no others', async () => {
    const owner = newKey()
    await test.store.set(`${test.key}1`, { n: 1 }, LONG, request(owner))
    await test.store.set(`${test.key}2`, { n: 2 }, LONG, request(owner))
    await test.store.set(`${test.key}3`, { n: 3 }, LONG, request(newKey()))
    const found = await test.store.listByOwner(owner)
    assert.deepEqual(found.map(({ record }) => record.n).sort(), [1, 2])
  })
  it('lists no record that was destroyed, has expired, or has another owner now', async () => {
    const owner = newKey()
    await test.store.set(`${test.key}1`, {}, LONG, request(owner))
    await test.store.destroy(`${test.key}1`, request())
    await test.store.set(`${test.key}2`, {}, SHORT, request(owner))
    await test.store.set(`${test.key}3`, {}, LONG, request(owner))
    await test.store.set(`${test.key}3`, {}, LONG, request(newKey()))
    await test.store.set(`${test.key}4`, {}, LONG, request(owner))
    await until(async () => (await keysOf(owner)).length === 1)
    assert.deepEqual(await keysOf(owner), [`${test.key}4`])
  })
  it('destroys the records of an owner, all but one', async () => {
    const owner = newKey()
    for (const n of [1, 2, 3]) await test.store.set(`${test.key}${n}`, {}, LONG, request(owner))
    assert.equal(await test.store.destroyByOwner(owner, { except: `${test.key}2` }), 2)
    assert.deepEqual(await keysOf(owner), [`${test.key}2`])
    assert.equal((await test.store.get(`${test.key}1`, LONG, request())) ?? undefined, undefined)
  })
  it('destroys all records of an owner', async () => {
    const owner = newKey()
    for (const n of [1, 2]) await test.store.set(`${test.key}${n}`, {}, LONG, request(owner))
    assert.equal(await test.store.destroyByOwner(owner), 2)
    assert.deepEqual(await keysOf(owner), [])
  })
}

let keys = 0

/** A key that no test has used. */
export function newKey(): string {
  return `conformance-${process.pid}-${Date.now()}-${++keys}-`
}

function request(owner?: string): StoreSetRequest {
  return { rolling: false, changed: true, ctx: {} as Context, ...(owner === undefined ? {} : { owner }) }
}

function times<T>(work: (index: number) => T): T[] {
  return Array.from({ length: PARALLEL }, (_, index) => work(index))
}

/** Asks again until the answer is true. */
async function until(ask: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await ask()) return
    await setTimeout(SHORT / 2)
  }
  assert.fail('what was waited for did not happen within five seconds')
}
