import assert from 'node:assert/strict'
import {
  assertNothing,
  LONG,
  newKey,
  request,
  shortLife,
  times,
  until,
  type TestedStore,
  type TestRunner,
} from './tested-store'

const LONGEST = 255

export function describeOwner(it: TestRunner['it'], test: TestedStore): void {
  const keysOf = async (owner: string): Promise<string[]> =>
    (await test.store.listByOwner(owner)).map((found) => found.key).sort()
  const set = async (suffix: string | number, owner: string, life = LONG, record = {}): Promise<void> =>
    void (await test.store.set(`${test.key}${suffix}`, record, life, request({ owner })))

  it('lists the records of an owner, and no others', async () => {
    const owner = newKey()
    await set(1, owner, LONG, { n: 1 })
    await set(2, owner, LONG, { n: 2 })
    await set(3, newKey(), LONG, { n: 3 })
    const found = await test.store.listByOwner(owner)
    assert.deepEqual(found.map(({ record }) => record.n).sort(), [1, 2])
  })
  it('lists no record that was destroyed, has expired, or has another owner now', async () => {
    const owner = newKey()
    await set(1, owner)
    await test.store.destroy(`${test.key}1`, request())
    await set(2, owner, await shortLife(test))
    await set(3, owner)
    await set(3, newKey())
    await set(4, owner)
    await until(async () => (await keysOf(owner)).length === 1)
    assert.deepEqual(await keysOf(owner), [`${test.key}4`])
  })
  it('lists no record whose _expire is past, and does not count it among the destroyed', async () => {
    const owner = newKey()
    await set(1, owner, LONG, { _expire: Date.now() - 1 })
    await set(2, owner, LONG, { _expire: Date.now() + LONG })
    assert.deepEqual(await keysOf(owner), [`${test.key}2`])
    assert.equal(await test.store.destroyByOwner(owner), 1)
  })
  it('lists nothing of what a record says of its tokens', async () => {
    const owner = newKey()
    await set(1, owner, LONG, { n: 1, _maxAge: LONG, _secret: 'hash', _gen: 1, _past: [['hash', 1, 0]] })
    const [found] = await test.store.listByOwner(owner)
    assert.deepEqual(found.record, { n: 1, _maxAge: LONG })
  })
  it('destroys the records of an owner, all but one', async () => {
    const owner = newKey()
    for (const n of [1, 2, 3]) await set(n, owner)
    assert.equal(await test.store.destroyByOwner(owner, { except: `${test.key}2` }), 2)
    assert.deepEqual(await keysOf(owner), [`${test.key}2`])
    assertNothing(await test.store.get(`${test.key}1`, LONG, request()))
  })
  it('destroys all records of an owner', async () => {
    const owner = newKey()
    for (const n of [1, 2]) await set(n, owner)
    assert.equal(await test.store.destroyByOwner(owner), 2)
    assert.deepEqual(await keysOf(owner), [])
    assert.equal(await test.store.destroyByOwner(owner), 0)
  })
  it('destroys a single record of an owner, and no other', async () => {
    const [owner, other] = [newKey(), newKey()]
    for (const n of [1, 2]) await set(n, owner)
    await set(3, other)
    for (const only of [`${test.key}3`, newKey()]) assert.equal(await test.store.destroyByOwner(owner, { only }), 0)
    assert.equal(await test.store.destroyByOwner(owner, { only: `${test.key}1` }), 1)
    assert.deepEqual([await keysOf(owner), await keysOf(other)], [[`${test.key}2`], [`${test.key}3`]])
  })
  it('destroys a single record only where it is still at the revision that it was listed at', async () => {
    const owner = newKey()
    const find = async (): Promise<unknown> => (await test.store.listByOwner(owner))[0]?.revision
    await set(1, owner, LONG, { n: 1 })
    const before = await find()
    await set(1, owner, LONG, { n: 2 })
    const end = async (revision: unknown): Promise<number> =>
      test.store.destroyByOwner(owner, { only: `${test.key}1`, at: { revision } })
    assert.equal(await end(before), 0)
    assert.deepEqual(await keysOf(owner), [`${test.key}1`])
    assert.equal(await end(await find()), 1)
    assert.deepEqual(await keysOf(owner), [])
  })
  it('destroys no record that has another owner now', async () => {
    const [owner, next] = [newKey(), newKey()]
    await set(1, owner)
    await set(1, next)
    assert.equal(await test.store.destroyByOwner(owner), 0)
    assert.deepEqual(await keysOf(next), [`${test.key}1`])
  })
  it('owners differ by every character: case, accents, spaces at the end', async () => {
    const owner = newKey()
    const owners = [owner, `${owner} `, `${owner}a`, `${owner}A`, `${owner}á`, `${owner}a\u0301`, `${owner}🛒`]
    for (const [n, each] of owners.entries()) await set(n, each)
    for (const [n, each] of owners.entries()) assert.deepEqual(await keysOf(each), [`${test.key}${n}`])
    assert.equal(await test.store.destroyByOwner(owner), 1)
    for (const each of owners.slice(1)) assert.equal((await keysOf(each)).length, 1)
  })
  it('an owner may have the form of an id, and an id that of an owner', async () => {
    const owner = newKey()
    for (const key of [owner, `owner:${owner}`, `o:${owner}`]) {
      await test.store.set(key, { a: 1 }, LONG, request({ owner }))
    }
    assert.equal((await keysOf(owner)).length, 3)
    await test.store.destroy(`owner:${owner}`, request())
    await test.store.destroy(`o:${owner}`, request())
    assert.deepEqual(await keysOf(owner), [owner])
  })
  it(`an owner may be ${LONGEST} characters long; a longer one is refused, and nothing is written`, async () => {
    for (const character of ['x', 'é', '🛒']) {
      const start = newKey()
      const owner = start + character.repeat(LONGEST - start.length)
      await set(character, owner)
      assert.deepEqual(await keysOf(owner), [`${test.key}${character}`])
      await assert.rejects(async () => set('long', `${owner}x`))
      assertNothing(await test.store.get(`${test.key}long`, LONG, request()))
      await assert.rejects(async () => test.store.listByOwner(`${owner}x`))
    }
  })
  it('an owner that is no text is refused, and so is one that not every store can hold', async () => {
    for (const wrong of [null, {}, ['ann'], true, NaN, 'a\0b', '\ud800'] as string[]) {
      await assert.rejects(async () => set('wrong', wrong))
      await assert.rejects(async () => test.store.listByOwner(wrong))
      await assert.rejects(async () => test.store.destroyByOwner(wrong))
      assertNothing(await test.store.get(`${test.key}wrong`, LONG, request()))
    }
  })
}

/** The marks that sign-ins are judged by. */
export function describeOwnerMarks(it: TestRunner['it'], test: TestedStore): void {
  it('an owner has no mark at first, and the time goes on', async () => {
    const owner = newKey()
    const first = await test.store.readMark(owner)
    assert.equal(first.notBefore, undefined)
    await until(async () => (await test.store.readMark(owner)).now > first.now)
  })
  it('a mark is the time at which it was set', async () => {
    const owner = newKey()
    const { now: before } = await test.store.readMark(owner)
    await test.store.setMark(owner)
    const { now: after, notBefore } = await test.store.readMark(owner)
    assert.ok(notBefore !== undefined && before <= notBefore && notBefore <= after)
  })
  it('a mark that is set again is later, and that of another owner stays', async () => {
    const [owner, other] = [newKey(), newKey()]
    await test.store.setMark(owner)
    const { notBefore: first = Infinity, now } = await test.store.readMark(owner)
    await until(async () => (await test.store.readMark(owner)).now > now)
    await test.store.setMark(owner)
    assert.ok(Number((await test.store.readMark(owner)).notBefore) > first)
    assert.equal((await test.store.readMark(other)).notBefore, undefined)
  })
  it('marks that are set one after the other are each later than the one before', async () => {
    const owner = newKey()
    const marks: number[] = []
    for (let n = 0; n < 5; n++) {
      await test.store.setMark(owner)
      marks.push(Number((await test.store.readMark(owner)).notBefore))
    }
    for (const [n, mark] of marks.slice(1).entries())
      assert.ok(mark > marks[n], `${mark} is not later than ${marks[n]}`)
  })
  it('the marks of owners differ by every character, and are no records', async () => {
    const owner = newKey()
    await test.store.setMark(owner)
    for (const other of [`${owner} `, owner.toUpperCase()]) {
      assert.equal((await test.store.readMark(other)).notBefore, undefined)
    }
    assert.deepEqual(await keysOfMarks(test, owner), [])
    assertNothing(await test.store.get(owner, LONG, request()))
  })
  it('a mark is refused for what is no owner', async () => {
    for (const wrong of [null, {}, 'a\0b', 'x'.repeat(LONGEST + 1)] as string[]) {
      await assert.rejects(async () => test.store.setMark(wrong))
      await assert.rejects(async () => test.store.readMark(wrong))
    }
  })
}

async function keysOfMarks({ store }: TestedStore, owner: string): Promise<string[]> {
  return (await store.listByOwner(owner)).map(({ key }) => key)
}

/** What an index does beside writes that have conditions. */
export function describeOwnerChanges(it: TestRunner['it'], test: TestedStore): void {
  it('a record moves to the list of its new owner, and off all lists where it has none', async () => {
    const [ann, bob] = [newKey(), newKey()]
    const created = await test.store.create(test.key, { n: 0 }, LONG, request())
    let revision = created?.revision
    for (const [n, owner] of [ann, bob, ann, undefined, bob].entries()) {
      const context = owner === undefined ? request() : request({ owner })
      const done = await test.store.replace(test.key, { n: n + 1 }, LONG, revision, context)
      revision = done.outcome === 'written' ? done.revision : assert.fail(done.outcome)
      assert.equal((await test.store.listByOwner(ann)).length, owner === ann ? 1 : 0)
      assert.equal((await test.store.listByOwner(bob)).length, owner === bob ? 1 : 0)
    }
  })
  it('a record is listed at the revision that it can be replaced at', async () => {
    const owner = newKey()
    await test.store.create(test.key, { n: 0 }, LONG, request({ owner }))
    const [{ revision }] = await test.store.listByOwner(owner)
    const { outcome } = await test.store.replace(test.key, { n: 1 }, LONG, revision, request({ owner }))
    assert.equal(outcome, 'written')
    assert.notEqual((await test.store.listByOwner(owner))[0].revision, revision)
  })
  it('what is created, listed and replaced at the same time is not lost', async () => {
    const owner = newKey()
    await times(async (n) => {
      const key = `${test.key}${n}`
      const [created] = await Promise.all([
        test.store.create(key, { n }, LONG, request({ owner })),
        test.store.listByOwner(owner),
      ])
      await Promise.all([
        test.store.replace(key, { n: -n }, LONG, created?.revision, request({ owner })),
        test.store.listByOwner(owner),
      ])
    })
    const count = (await test.store.listByOwner(owner)).length
    assert.deepEqual([count, await test.store.destroyByOwner(owner)], [20, 20])
  })
  it('what is replaced and touched while an owner is ended is ended', async () => {
    const owner = newKey()
    const revisions = await times(async (n) => {
      const created = await test.store.create(`${test.key}${n}`, { n }, LONG, request({ owner }))
      return created?.revision
    })
    await Promise.all([
      times(async (n) => test.store.replace(`${test.key}${n}`, {}, LONG, revisions[n], request({ owner }))),
      times(async (n) => test.store.touch?.(`${test.key}${n}`, undefined, LONG, request({ owner }))),
      test.store.destroyByOwner(owner),
    ])
    for (const n of revisions.keys()) assertNothing(await test.store.read(`${test.key}${n}`, request()))
    assert.deepEqual(await test.store.listByOwner(owner), [])
  })
}
