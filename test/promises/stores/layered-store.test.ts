import type { Context } from 'koa'
import { LayeredStore, MemoryBus, MemoryStore } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { stopMonotonic } from '../../support/monotonic-clock'
import { holdNext } from '../../support/races/hold-next'
import { createSessionApp } from '../../support/app/session-app'
import { spyOnMemory } from '../../support/spies/spy-on'

const LONG = 60_000
const maxStale = 2000
const request = { rolling: false, ctx: {} as Context }

let clock: ReturnType<typeof stopClock>
beforeEach(() => (clock = stopClock()))
afterEach(startClock)

/** The same sessions in two processes. */
function openTwice(options?: { maxStale?: number; max?: number }) {
  const { store: shared, records, names, take } = spyOnMemory()
  const [here, there] = [new LayeredStore(shared, options), new LayeredStore(shared, options)]
  const read = async (store: LayeredStore, key = 'a') => (await store.read(key, request))?.record
  return { records, names, take, here, there, read }
}

describe('LayeredStore', () => {
  it('R73: LayeredStore keeps nothing unless it is told to', async () => {
    const { names, here, there, read } = openTwice()
    await here.create('a', { user: 'ann' }, LONG, request)
    await read(here)
    await there.destroy('a', request)
    expect(await read(here)).toBeUndefined()
    expect(names.filter((name) => name === 'read')).toHaveLength(2)
  })

  it('R73: LayeredStore saves the round trip of what was read or written a moment ago', async () => {
    const { names, here, there, read } = openTwice({ maxStale })
    const created = await here.create('a', { user: 'ann' }, LONG, request)
    for (let times = 0; times < 5; times++) expect(await read(here)).toEqual({ user: 'ann' })
    await here.replace('a', { user: 'bob' }, LONG, created?.revision, request)
    for (let times = 0; times < 5; times++) expect(await read(here)).toEqual({ user: 'bob' })
    expect(names).toEqual(['create', 'replace'])
    for (let times = 0; times < 5; times++) expect(await read(there)).toEqual({ user: 'bob' })
    expect(names).toEqual(['create', 'replace', 'read'])
  })

  it('R9: LayeredStore does not keep what it has written where another write of the record was beside it', async () => {
    const { records, here, read } = openTwice({ maxStale })
    const created = await here.create('a', { n: 1 }, LONG, request)
    const gate = holdNext(records, 'replace', 'answer')
    const slow = here.replace('a', { n: 2 }, LONG, created?.revision, request)
    await gate.reached
    const { revision } = records.read('a')!
    await here.replace('a', { n: 3 }, LONG, revision, request)
    gate.open()
    expect(await slow).toMatchObject({ outcome: 'written' })
    expect(await read(here)).toEqual({ n: 3 })
  })

  it.each(['destroy', 'replace'] as const)(
    'R73: LayeredStore sees at most maxStale late what another process does: %s',
    async (verb) => {
      const { here, there, read } = openTwice({ maxStale })
      const created = await here.create('a', { user: 'ann' }, LONG, request)
      await read(here)
      if (verb === 'destroy') await there.destroy('a', request)
      else await there.replace('a', { user: 'bob' }, LONG, created?.revision, request)
      clock.advance(maxStale / 2)
      expect(await read(here)).toEqual({ user: 'ann' })
      clock.advance(maxStale / 2 + 1)
      expect(await read(here)).toEqual(verb === 'destroy' ? undefined : { user: 'bob' })
    },
  )

  it('R91: LayeredStore keeps nothing for longer where the clock of the machine is set back', async () => {
    const real = stopMonotonic()
    const { here, there, read } = openTwice({ maxStale })
    await here.create('a', { user: 'ann' }, LONG, request)
    await read(here)
    await there.destroy('a', request)
    clock.advance(-3_600_000)
    real.advance(maxStale)
    expect(await read(here)).toEqual({ user: 'ann' })
    real.advance(1)
    expect(await read(here)).toBeUndefined()
    jest.restoreAllMocks()
  })

  it('R73: LayeredStore is no later for being read all the time', async () => {
    const { here, there, read } = openTwice({ maxStale })
    await here.create('a', { user: 'ann' }, LONG, request)
    await read(here)
    await there.destroy('a', request)
    for (let step = 0; step < 4; step++) {
      clock.advance(maxStale / 4)
      await read(here)
    }
    clock.advance(1)
    expect(await read(here)).toBeUndefined()
  })

  it('R73: LayeredStore sees at once what its own process does', async () => {
    const { here, read } = openTwice({ maxStale })
    const created = await here.create('a', { n: 1 }, LONG, request)
    await read(here)
    await here.replace('a', { n: 2 }, LONG, created?.revision, request)
    expect(await read(here)).toEqual({ n: 2 })
    await here.set('a', { n: 3, _expire: 1 }, LONG, request)
    expect(await read(here)).toEqual({ n: 3, _expire: 1 })
    await here.touch('a', 5, LONG, request)
    expect(await read(here)).toEqual({ n: 3, _expire: 5 })
    await here.destroy('a', request)
    expect(await read(here)).toBeUndefined()
  })

  it('R11: LayeredStore does not keep what was read before a logout, and answered after it', async () => {
    const { records, here, read } = openTwice({ maxStale })
    records.create('a', { user: 'ann' }, LONG)
    const gate = holdNext(records, 'read', 'answer')
    const slow = read(here)
    await gate.reached
    await here.destroy('a', request)
    gate.open()
    expect(await slow).toEqual({ user: 'ann' })
    expect(await read(here)).toBeUndefined()
  })

  it('R11: LayeredStore does not keep what is read from beginning to end while a logout is under way', async () => {
    const { records, here, read } = openTwice({ maxStale })
    await here.create('a', { user: 'ann' }, LONG, request)
    const gate = holdNext(records, 'destroy', 'call')
    const ending = here.destroy('a', request)
    await gate.reached
    expect(await read(here)).toEqual({ user: 'ann' })
    gate.open()
    await ending
    expect(await read(here)).toBeUndefined()
  })

  it.each([
    ['a logout', 'destroy', async (store: LayeredStore) => store.destroy('a', request)],
    [
      'the end of all sessions of an owner',
      'destroyByOwner',
      async (store: LayeredStore) => store.destroyByOwner?.('ann'),
    ],
  ] as const)(
    'R11: LayeredStore does not keep what is read in the middle of %s, and answered after it',
    async (_what, method, end) => {
      const shared = new MemoryStore()
      const here = new LayeredStore(shared, { maxStale })
      await here.create('a', { user: 'ann' }, LONG, { ...request, owner: 'ann' })
      const ending = holdNext(shared, method, 'call')
      const reading = holdNext(shared, 'read', 'answer')
      const ended = end(here)
      await ending.reached
      const slow = here.read('a', request)
      await reading.reached
      ending.open()
      await ended
      reading.open()
      expect((await slow)?.record).toEqual({ user: 'ann' })
      expect(await here.read('a', request)).toBeUndefined()
    },
  )

  it('R11: LayeredStore does not keep what was read before the sessions of an owner were ended, and answered after it', async () => {
    const records = new MemoryStore()
    const store = new LayeredStore(records, { maxStale, bus: new MemoryBus() })
    records.create('a', { user: 'ann' }, LONG, { ...request, owner: 'ann' })
    const gate = holdNext(records, 'read', 'answer')
    const slow = store.read('a', request)
    await gate.reached
    expect(await store.destroyByOwner?.('ann')).toBe(1)
    gate.open()
    expect((await slow)?.record).toEqual({ user: 'ann' })
    expect(await store.read('a', request)).toBeUndefined()
  })

  it('R73: LayeredStore says what comes from its memory', async () => {
    const { records, here } = openTwice({ maxStale })
    records.create('a', { user: 'ann' }, LONG)
    expect(await here.read('a', request)).not.toHaveProperty('isCached')
    expect(await here.read('a', request)).toHaveProperty('isCached', true)
  })

  it('R53: LayeredStore looks past its memory once for each doubt, within maxStale', async () => {
    const { names, take, here, there } = openTwice({ maxStale })
    const created = await here.create('a', { n: 1 }, LONG, request)
    await here.read('a', request)
    const doubting = async (doubt: string) => (await here.read('a', { ...request, doubt }))?.record.n
    await there.replace('a', { n: 2 }, LONG, created?.revision, request)
    expect(await doubting('x')).toBe(2)
    const { revision } = (await there.read('a', request))!
    await there.replace('a', { n: 3 }, LONG, revision, request)
    take()
    expect(await doubting('x')).toBe(2)
    expect(names).toEqual([])
    expect(await doubting('y')).toBe(3)
    expect(names).toEqual(['read'])
    clock.advance(maxStale + 1)
    await doubting('x')
    await doubting('y')
    expect(names).toEqual(['read', 'read', 'read'])
  })

  it('R53: LayeredStore keeps nothing of a record that a look past its memory does not find', async () => {
    const { names, take, here, there, read } = openTwice({ maxStale })
    await here.create('a', { n: 1 }, LONG, request)
    await there.destroy('a', request)
    expect(await read(here)).toEqual({ n: 1 })
    expect(await here.read('a', { ...request, doubt: 'x' })).toBeUndefined()
    take()
    expect(await read(here)).toBeUndefined()
    expect(names).toEqual(['read'])
  })

  it('R29: LayeredStore remembers no more than max doubts, whatever clients make up', async () => {
    const { names, take, here } = openTwice({ maxStale, max: 3 })
    await here.create('a', { n: 1 }, LONG, request)
    for (let index = 0; index < 10; index++) await here.read('a', { ...request, doubt: `made up ${index}` })
    take()
    await here.read('a', { ...request, doubt: 'made up 9' })
    expect(names).toEqual([])
    await here.read('a', { ...request, doubt: 'made up 0' })
    expect(names).toEqual(['read'])
  })

  it('R53: LayeredStore asks again about a doubt that the shared store could not settle', async () => {
    const { records, names, take, here } = openTwice({ maxStale })
    await here.create('a', { n: 1 }, LONG, request)
    await here.read('a', request)
    const doubt = { ...request, doubt: 'x' }
    jest.spyOn(records, 'read').mockImplementationOnce(() => {
      throw new Error('down')
    })
    await expect(here.read('a', doubt)).rejects.toThrow('down')
    take()
    await here.read('a', doubt)
    expect(names).toEqual(['read'])
  })

  it('R60: LayeredStore has the index by owner that the shared store has, and forgets what is ended with it', async () => {
    const shared = new MemoryStore()
    const here = new LayeredStore(shared, { maxStale })
    await here.create('a', { n: 1 }, LONG, { ...request, owner: 'ann' })
    await here.read('a', request)
    expect(await here.listByOwner?.('ann')).toEqual([{ key: 'a', record: { n: 1 }, revision: expect.anything() }])
    expect(await here.destroyByOwner?.('ann')).toBe(1)
    expect(await here.read('a', request)).toBeUndefined()
    const { here: without } = openTwice()
    expect([without.listByOwner, without.destroyByOwner]).toEqual([undefined, undefined])
  })

  it('R73: LayeredStore answers copies', async () => {
    const { here, read } = openTwice({ maxStale })
    await here.create('a', { list: [1] }, LONG, request)
    await read(here)
    ;((await read(here)) as { list: number[] }).list.push(2)
    expect(await read(here)).toEqual({ list: [1] })
  })

  it('R73: LayeredStore holds at most max records', async () => {
    const { names, take, here, read } = openTwice({ maxStale, max: 2 })
    for (const key of ['a', 'b', 'c']) {
      await here.create(key, { key }, LONG, request)
      await read(here, key)
    }
    take()
    for (const key of ['c', 'b', 'a']) await read(here, key)
    expect(names).toEqual(['read'])
  })

  it('R9: R11: LayeredStore writes nothing on top of what is stale: changes are kept, and a session that is gone stays so', async () => {
    const shared = new MemoryStore()
    const [here, there] = [0, 1].map(() => createSessionApp({ store: new LayeredStore(shared, { maxStale }) }))
    const ann = here.visitor()
    await ann.get('/set?first=1')
    await ann.get('/')
    const elsewhere = there.visitor(ann.jar.copy())
    await elsewhere.get('/set?second=2')
    await ann.get('/set?third=3')
    clock.advance(maxStale + 1)
    const all = { first: '1', second: '2', third: '3' }
    expect((await elsewhere.get('/')).json()).toEqual(all)
    expect((await ann.get('/')).json()).toEqual(all)
    await elsewhere.get('/logout')
    await ann.get('/set?fourth=4')
    expect(shared.size).toBe(0)
  })
})
