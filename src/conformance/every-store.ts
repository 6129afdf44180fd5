import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { assertNothing, LONG, request, shortLife, until, type TestedStore, type TestRunner } from './tested-store'

export function describeContract(it: TestRunner['it'], test: TestedStore): void {
  it('get returns the record that was set', async () => {
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
  it('get returns undefined or null for a key that is missing', async () => {
    assertNothing(await test.store.get(test.key, LONG, request()))
  })
  it('get returns undefined or null for a record that has expired', async () => {
    await test.store.set(test.key, { a: 1 }, await shortLife(test), request())
    await until(async () => !(await test.store.get(test.key, LONG, request())))
  })
  it('a record is not forgotten before its time', async () => {
    const short = await shortLife(test)
    await test.store.set(test.key, { a: 1 }, short, request())
    await test.store.set(test.key, { a: 2 }, LONG, request())
    await setTimeout(2 * short)
    assert.equal((await test.store.get(test.key, LONG, request()))?.a, 2)
  })
  it('a life may be a fraction of a millisecond long or end in one', async () => {
    await test.store.set(test.key, { a: 1 }, LONG + 0.5, request())
    assert.equal((await test.store.get(test.key, LONG, request()))?.a, 1)
    await test.store.set(`${test.key}2`, { a: 1, _expire: Date.now() + LONG + 0.25 }, LONG + 0.25, request())
    assert.equal((await test.store.get(`${test.key}2`, LONG, request()))?.a, 1)
  })
  it('what get returns is a copy', async () => {
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
    assertNothing(await test.store.get(`${test.key}A`, LONG, request()))
  })
  it('a record of 100 KB is kept', async () => {
    const text = 'ü'.repeat(50_000)
    await test.store.set(test.key, { text }, LONG, request())
    assert.equal((await test.store.get(test.key, LONG, request()))?.text, text)
  })
  it('destroy removes the record', async () => {
    await test.store.set(test.key, { a: 1 }, LONG, request())
    await test.store.destroy(test.key, request())
    assertNothing(await test.store.get(test.key, LONG, request()))
  })
  it('destroy of nothing is silent', async () => {
    await test.store.destroy(test.key, request())
  })
}
