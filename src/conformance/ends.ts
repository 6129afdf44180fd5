import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { EndSet } from '../contracts/end-store'
import { LONG, newKey, times, type TestedStore, type TestRunner } from './tested-store'

const SHORT = 50

export function describeEnds(it: TestRunner['it'], test: TestedStore): void {
  const end = async (key: string, more = {}): Promise<EndSet> => {
    const set = await test.store.setEnd(key, { life: LONG, ...more })
    assert.ok(set, 'the end was refused')
    return set
  }

  it('knows no end of a key that was not ended, and has a beginning and a clock', async () => {
    const { found, born, last, now } = await test.store.readEnds([newHash(), newHash()])
    assert.deepEqual(
      found.map((one) => one ?? undefined),
      [undefined, undefined],
    )
    assert.ok(Number.isSafeInteger(born) && last.position >= born && Number.isFinite(now))
    assert.equal((await test.store.readEnds([])).born, born)
  })
  it('gives an end a position above all before it, and finds it by its key', async () => {
    const [key, other] = [newHash(), newHash()]
    const { last } = await test.store.readEnds([])
    const first = await end(key)
    assert.ok(first.end.position > last.position)
    assert.deepEqual([first.before, first.was ?? undefined], [last.position, undefined])
    const second = await end(key)
    assert.deepEqual([second.before, second.was], [first.end.position, first.end])
    const answer = await test.store.readEnds([other, key])
    assert.deepEqual([answer.found[0] ?? undefined, answer.found[1]], [undefined, second.end])
    assert.deepEqual(answer.last, { position: second.end.position, key })
  })
  it('says by one clock when an end was, and what time it is', async () => {
    const before = (await test.store.readEnds([])).now
    const { at } = (await end(newHash())).end
    const { now, grain = 0 } = await test.store.readEnds([])
    assert.ok(before - grain <= at && at <= now + grain, `${before} <= ${at} <= ${now}`)
  })
  it('draws positions one by one, whatever happens at once: each names the one before it', async () => {
    const sets = await times(async () => end(newHash()))
    sets.sort((one, other) => one.end.position - other.end.position)
    const positions = sets.map((set) => set.end.position)
    assert.equal(new Set(positions).size, sets.length)
    assert.deepEqual(
      sets.slice(1).map(({ before }) => before),
      positions.slice(0, -1),
    )
  })
  it('shows whoever sees a position every end up to it', async () => {
    const keys = Array.from({ length: 10 }, newHash)
    const ending = keys.map(async (key) => end(key))
    const reads = times(async () => test.store.readEnds(keys))
    const sets = await Promise.all(ending)
    for (const { found, last } of await reads) {
      for (const [index, set] of sets.entries()) {
        if (set.end.position <= last.position) assert.equal(found[index]?.position, set.end.position)
      }
    }
  })
  it('spares a session, but none that an earlier end of the key has ended', async () => {
    const key = newHash()
    const { last } = await test.store.readEnds([])
    const spare = { id: newHash(), since: last.position }
    const { end: first } = await end(key, { spare })
    assert.equal(first.except, spare.id)
    await end(key, { spare })
    const other = { ...spare, id: newHash() }
    assert.equal((await test.store.setEnd(key, { life: LONG, spare: other })) ?? undefined, undefined)
    assert.equal((await test.store.readEnds([key])).found[0]?.except, spare.id)
    const later = { ...other, since: (await test.store.readEnds([])).last.position }
    assert.equal((await end(key, { spare: later })).end.except, other.id)
    assert.equal((await end(key)).end.except, undefined)
  })
  it('keeps that an end counts for later sessions too', async () => {
    const key = newHash()
    assert.equal((await end(key)).end.later, undefined)
    assert.equal((await end(key, { later: true })).end.later, true)
    await end(key)
    assert.equal((await test.store.readEnds([key])).found[0]?.later, true)
  })
  it('keeps an end for the longest life that it was given', async () => {
    const [key, forGood] = [newHash(), newHash()]
    await end(key)
    await end(key, { life: SHORT })
    await end(forGood, { life: Infinity })
    await end(forGood, { life: SHORT })
    await setTimeout(2 * SHORT)
    const { found } = await test.store.readEnds([key, forGood])
    assert.ok(found[0] && found[1])
  })
  it('says what is new behind an end, and whether that end is one of its own', async () => {
    const [one, two] = [newHash(), newHash()]
    const { last: after } = await test.store.readEnds([])
    assert.deepEqual(newsOf(await test.store.readEnds([], { after })), [true, []])
    await end(one)
    const { end: second } = await end(two)
    const { end: third } = await end(one)
    const [continues, news] = newsOf(await test.store.readEnds([], { after }))
    assert.equal(continues, true)
    const ends = new Map(news)
    assert.deepEqual([ends.get(one), ends.get(two)], [third, second])
    const behind = { position: second.position, key: two }
    assert.deepEqual(newsOf(await test.store.readEnds([], { after: behind })), [true, [[one, third]]])
    for (const foreign of [
      { position: second.position, key: newHash() },
      { position: third.position + 1, key: one },
    ]) {
      assert.equal((await test.store.readEnds([], { after: foreign })).continues, false)
    }
  })
}

function newsOf({ continues, news }: Awaited<ReturnType<TestedStore['store']['readEnds']>>) {
  assert.ok(news, 'there are no news')
  return [continues, news] as const
}

/** A key as it rests: 22 characters of a hash. */
function newHash(): string {
  return Buffer.from(newKey()).toString('base64url').slice(-22)
}
