import assert from 'node:assert/strict'
import {
  assertNothing,
  LONG,
  request,
  shortLife,
  times,
  untilGone,
  type TestedStore,
  type TestRunner,
} from './tested-store'

export function describeConditional(it: TestRunner['it'], test: TestedStore): void {
  const create = async (a: number): Promise<unknown> =>
    (await test.store.create(test.key, { a }, LONG, request()))?.revision
  const replace = async (a: number, revision: unknown) => test.store.replace(test.key, { a }, LONG, revision, request())
  const readA = async (): Promise<unknown> => (await test.store.read(test.key, request()))?.record.a

  it('read returns the record and its revision, and undefined or null for nothing', async () => {
    assertNothing(await test.store.read(test.key, request()))
    const revision = await create(1)
    const found = await test.store.read(test.key, request())
    assert.deepEqual({ ...found?.record }, { a: 1 })
    assert.deepEqual(found?.revision, revision)
  })
  it('a record with a _secret is read, and get returns undefined or null for it', async () => {
    const record = { a: 1, _secret: 'hash', _gen: 2, _past: [['other', 1, 1]] as [string, number, number][] }
    await test.store.create(test.key, record, LONG, request())
    assert.deepEqual({ ...(await test.store.read(test.key, request()))?.record }, record)
    assertNothing(await test.store.get(test.key, LONG, request()))
  })
  it('create leaves a record that is there as it is', async () => {
    await create(1)
    assert.equal(await create(2), undefined)
    assert.equal(await readA(), 1)
  })
  it('create takes the key of a record that has expired, at once', async () => {
    await test.store.create(test.key, { a: 1 }, await shortLife(test), request())
    await untilGone(test)
    assert.notEqual(await create(2), undefined)
    assert.equal(await readA(), 2)
  })
  it('of many that create, one does', async () => {
    const created = await times(create)
    assert.equal(created.filter((revision) => revision !== undefined).length, 1)
  })
  it('replace writes at the revision that was read', async () => {
    const result = await replace(2, await create(1))
    assert.equal(result.outcome, 'written')
    const found = await test.store.read(test.key, request())
    assert.equal(found?.record.a, 2)
    assert.deepEqual(found?.revision, 'revision' in result ? result.revision : undefined)
  })
  it('replace writes nothing where another one has written', async () => {
    const revision = await create(1)
    await replace(2, revision)
    assert.deepEqual(await replace(3, revision), { outcome: 'conflict' })
    assert.equal(await readA(), 2)
  })
  it('replace does not bring a destroyed record back', async () => {
    const revision = await create(1)
    await test.store.destroy(test.key, request())
    assert.deepEqual(await replace(2, revision), { outcome: 'missing' })
    assert.equal(await readA(), undefined)
  })
  it('replace does not bring an expired record back, and destroy of one removes nothing', async () => {
    const created = await test.store.create(test.key, { a: 1 }, await shortLife(test), request())
    await untilGone(test)
    assert.deepEqual(await replace(2, created?.revision), { outcome: 'missing' })
    assert.equal(await test.store.destroy(test.key, request()), false)
    assert.equal(await readA(), undefined)
  })
  it('of many that replace one revision, one does', async () => {
    const revision = await create(-1)
    const results = await times(async (a) => replace(a, revision))
    assert.equal(results.filter(({ outcome }) => outcome === 'written').length, 1)
    assert.equal(results.filter(({ outcome }) => outcome === 'conflict').length, results.length - 1)
  })
  it('destroy tells whether there was a record', async () => {
    await create(1)
    assert.equal(await test.store.destroy(test.key, request()), true)
    assert.equal(await test.store.destroy(test.key, request()), false)
  })
  it('of many that destroy, one does', async () => {
    await create(1)
    const destroyed = await times(async () => test.store.destroy(test.key, request()))
    assert.equal(destroyed.filter(Boolean).length, 1)
  })
}

/** What a destroy does that has a condition. */
export function describeDestroyAt(it: TestRunner['it'], test: TestedStore): void {
  const destroyAt = async (revision: unknown, expire?: number): Promise<boolean> =>
    test.store.destroy(test.key, { ctx: request().ctx, at: { revision, expire } })
  const isThere = async (): Promise<boolean> => Boolean(await test.store.read(test.key, request()))

  for (const expire of [undefined, Date.now() + LONG]) {
    const what = expire === undefined ? 'without' : 'with'
    const record = expire === undefined ? { a: 1 } : { a: 1, _expire: expire }
    it(`destroy at what was read removes a record ${what} _expire, once`, async () => {
      const created = await test.store.create(test.key, record, LONG, request())
      assert.equal(await destroyAt(created?.revision, expire), true)
      assert.equal(await isThere(), false)
      assert.equal(await destroyAt(created?.revision, expire), false)
    })
    it(`destroy at what was read leaves a record ${what} _expire that was written since`, async () => {
      const created = await test.store.create(test.key, record, LONG, request())
      await test.store.replace(test.key, record, LONG, created?.revision, request())
      // A revision may be made of the text: then a record that is the same again is at the same one.
      const other = await test.store.replace(test.key, { ...record, a: 2 }, LONG, await revisionOf(test), request())
      assert.equal(other.outcome, 'written')
      assert.equal(await destroyAt(created?.revision, expire), false)
      assert.equal(await isThere(), true)
    })
    it(`destroy at another _expire leaves a record ${what} one`, async () => {
      const created = await test.store.create(test.key, record, LONG, request())
      assert.equal(await destroyAt(created?.revision, expire === undefined ? Date.now() : undefined), false)
      assert.equal(await isThere(), true)
    })
  }
}

async function revisionOf({ store, key }: TestedStore): Promise<unknown> {
  return (await store.read(key, request()))?.revision
}
