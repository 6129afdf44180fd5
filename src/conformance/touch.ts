import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import {
  assertNothing,
  LONG,
  request,
  shortLife,
  untilGone,
  type CapableStore,
  type TestedStore,
  type TestRunner,
} from './tested-store'

export function describeTouch(it: TestRunner['it'], test: TestedStore): void {
  const touch: CapableStore['touch'] = (...args) => test.store.touch(...args)

  it('touch extends the life of a record, and moves its _expire alone', async () => {
    const expire = Date.now() + LONG
    const short = await shortLife(test)
    await test.store.set(test.key, { a: 1, _expire: Date.now() + short, _maxAge: short }, short, request())
    assert.equal((await touch(test.key, expire, LONG, request())).outcome, 'written')
    await setTimeout(2 * short)
    assert.deepEqual({ ...(await get(test)) }, { a: 1, _expire: expire, _maxAge: short })
  })
  it('touch makes no life shorter', async () => {
    const short = await shortLife(test)
    const record = { a: 1, _expire: Date.now() + LONG, _maxAge: LONG }
    await test.store.set(test.key, record, LONG, request())
    assert.equal((await touch(test.key, Date.now() + short, short, request())).outcome, 'written')
    await setTimeout(2 * short)
    assert.deepEqual({ ...(await get(test)) }, record)
  })
  it('a touch that changes nothing finds the record all the same', async () => {
    const expire = Date.now() + LONG
    await test.store.set(test.key, { a: 1, _expire: expire }, LONG, request())
    for (const life of [1, 1]) assert.equal((await touch(test.key, expire, life, request())).outcome, 'written')
  })
  it('touch creates nothing', async () => {
    assert.deepEqual(await touch(test.key, Date.now() + LONG, LONG, request()), { outcome: 'missing' })
    assertNothing(await get(test))
  })
  it('touch does not bring an expired record back', async () => {
    await test.store.set(test.key, { a: 1 }, await shortLife(test), request())
    await untilGone(test)
    assert.deepEqual(await touch(test.key, undefined, LONG, request()), { outcome: 'missing' })
    assertNothing(await get(test))
  })
  it('touch leaves a record without _expire without one', async () => {
    await test.store.set(test.key, { a: 1, _session: true }, LONG, request())
    assert.equal((await touch(test.key, undefined, LONG, request())).outcome, 'written')
    assert.deepEqual({ ...(await get(test)) }, { a: 1, _session: true })
  })
}

/** What a touch does that is told a revision, on a store that writes on conditions. */
export function describeTouchAt(it: TestRunner['it'], test: TestedStore): void {
  const touchAt = async (revision: unknown, expire?: number, life = LONG): Promise<unknown> =>
    test.store.touch(test.key, expire, life, request({ revision }))

  it('touch at the revision that was read extends the life, and leaves the revision as it is', async () => {
    const expire = Date.now() + LONG
    const short = await shortLife(test)
    const record = { a: 1, _expire: Date.now() + short }
    const created = await test.store.create(test.key, record, short, request())
    assert.deepEqual(await touchAt(created?.revision, expire), { outcome: 'written', revision: created?.revision })
    await setTimeout(2 * short)
    const found = await test.store.read(test.key, request())
    assert.deepEqual({ ...found?.record }, { a: 1, _expire: expire })
    assert.deepEqual(found?.revision, created?.revision)
    const next = await test.store.replace(test.key, { a: 2 }, LONG, created?.revision, request())
    assert.equal(next.outcome, 'written')
  })
  it('touch at the revision that was read makes no life shorter, also where it changes nothing', async () => {
    const short = await shortLife(test)
    const record = { a: 1, _expire: Date.now() + LONG }
    const created = await test.store.create(test.key, record, LONG, request())
    for (const expire of [Date.now() + short, record._expire]) {
      assert.deepEqual(await touchAt(created?.revision, expire, short), {
        outcome: 'written',
        revision: created?.revision,
      })
    }
    await setTimeout(2 * short)
    assert.deepEqual({ ...(await get(test)) }, record)
  })
  it('touch at another revision is a conflict, and extends nothing', async () => {
    const record = { a: 1, _expire: Date.now() + LONG }
    const created = await test.store.create(test.key, record, LONG, request())
    await test.store.replace(test.key, { ...record, a: 2 }, LONG, created?.revision, request())
    assert.deepEqual(await touchAt(created?.revision, Date.now() + 2 * LONG), { outcome: 'conflict' })
    assert.deepEqual({ ...(await get(test)) }, { ...record, a: 2 })
  })
  it('touch at the revision of a record that is gone finds it missing, and creates nothing', async () => {
    const created = await test.store.create(test.key, { a: 1 }, LONG, request())
    await test.store.destroy(test.key, request())
    assert.deepEqual(await touchAt(created?.revision), { outcome: 'missing' })
    assertNothing(await test.store.read(test.key, request()))
  })
  it('touch at the revision of a record that has expired finds it missing', async () => {
    const created = await test.store.create(test.key, { a: 1 }, await shortLife(test), request())
    await untilGone(test)
    assert.deepEqual(await touchAt(created?.revision), { outcome: 'missing' })
    assertNothing(await test.store.read(test.key, request()))
  })
  it('a record that was touched since is not destroyed at what was read before', async () => {
    const expire = Date.now() + LONG
    const created = await test.store.create(test.key, { a: 1, _expire: expire }, LONG, request())
    const context = { ctx: request().ctx, at: { revision: created?.revision, expire } }
    await touchAt(created?.revision, expire + LONG, 2 * LONG)
    assert.equal(await test.store.destroy(test.key, context), false)
    assert.equal((await get(test))?.a, 1)
    context.at.expire = expire + LONG
    assert.equal(await test.store.destroy(test.key, context), true)
  })
}

async function get({ store, key }: TestedStore) {
  return store.get(key, LONG, request())
}
