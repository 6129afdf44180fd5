import type { Context } from 'koa'
import { LayeredStore, MemoryStore, type BusMessage } from 'koa-session-service'
import { hashSession } from '../../../src/session/hashes'
import { startClock, stopClock } from '../../support/clock'
import { CountingBus } from '../../support/spies/counting-bus'
import { holdNext } from '../../support/races/hold-next'
import { spyOnMemory } from '../../support/spies/spy-on'

const LONG = 10_000_000
const maxStale = 60_000
const request = { rolling: false, ctx: {} as Context }

let clock: ReturnType<typeof stopClock>
beforeEach(() => (clock = stopClock()))
afterEach(startClock)

/** The same sessions in two processes that hear of each other; `a` is in the memory of both. */
async function openTwice() {
  const { store: shared, records, names, take } = spyOnMemory()
  const bus = new CountingBus()
  const [here, there] = [0, 1].map(() => new LayeredStore(shared, { bus, maxStale }))
  const read = async (store: LayeredStore, key = 'a') => (await store.read(key, request))?.record
  const created = await here.create('a', { n: 1, _gen: 3 }, LONG, request)
  for (const store of [here, there]) await read(store)
  take()
  return { records, names, take, bus, here, there, read, revision: created?.revision }
}

type Twice = Awaited<ReturnType<typeof openTwice>>

const CHANGES: [string, (twice: Twice) => Promise<unknown>, object | undefined, BusMessage['kind']][] = [
  ['replace', ({ there, revision }) => there.replace('a', { n: 2 }, LONG, revision, request), { n: 2 }, 'written'],
  ['set', ({ there }) => there.set('a', { n: 2 }, LONG, request), { n: 2 }, 'written'],
  ['destroy', ({ there }) => there.destroy('a', request), undefined, 'ended'],
]

describe('LayeredStore with a bus', () => {
  it.each(CHANGES)(
    'R73: LayeredStore with a bus sees what another process does: %s',
    async (_verb, change, after, kind) => {
      const twice = await openTwice()
      await change(twice)
      expect(twice.bus.messages.map((message) => message.kind)).toEqual([kind])
      expect(await twice.read(twice.here)).toEqual(after)
      expect(twice.names.filter((name) => name === 'read')).toHaveLength(1)
    },
  )

  it.each(CHANGES)(
    'R73: LayeredStore sees what another process does after maxStale at the latest, where the message is lost: %s',
    async (_verb, change, after) => {
      const twice = await openTwice()
      twice.bus.isDeaf = true
      await change(twice)
      clock.advance(maxStale / 2)
      expect(await twice.read(twice.here)).toEqual({ n: 1, _gen: 3 })
      clock.advance(maxStale / 2 + 1)
      expect(await twice.read(twice.here)).toEqual(after)
    },
  )

  it.each(CHANGES)(
    'R73: LayeredStore with a bus does not keep what was read before the change, and answered after it: %s',
    async (_verb, change, after) => {
      const twice = await openTwice()
      const { records, bus, here, read } = twice
      bus.publish({ kind: 'lost' })
      const gate = holdNext(records, 'read', 'answer')
      const slow = read(here)
      await gate.reached
      await change(twice)
      gate.open()
      expect(await slow).toMatchObject({ n: 1 })
      expect(await read(here)).toEqual(after)
    },
  )

  it('R73: LayeredStore with a bus tells what it has written, and nothing else', async () => {
    const { bus, here, there, revision } = await openTwice()
    await here.touch('a', Date.now() + LONG, LONG, request)
    await here.create('b', { n: 1 }, LONG, request)
    await here.create('a', { n: 1 }, LONG, request)
    await there.replace('a', { n: 2 }, LONG, 'another revision', request)
    await there.destroy('nobody', request)
    expect(bus.messages).toEqual([])
    await there.replace('a', { n: 2, _gen: 4 }, LONG, revision, request)
    expect(bus.messages).toMatchObject([{ kind: 'written', generation: 4 }])
    expect(JSON.stringify(bus.messages)).not.toContain('"a"')
  })

  it('R73: a message that means no record of a LayeredStore drops nothing from its memory', async () => {
    const { names, take, bus, here, there, read } = await openTwice()
    await here.create('b', { n: 1 }, LONG, request)
    await read(here, 'b')
    take()
    await there.destroy('b', request)
    await read(here)
    expect(names).toEqual(['destroy'])
    bus.publish({ kind: 'key', key: 'of whatever', position: 2, before: 1 })
    await read(here)
    expect(names).toEqual(['destroy'])
    bus.publish({ kind: 'revoked', owner: 'of whomever' })
    await read(here)
    expect(names).toEqual(['destroy', 'read'])
  })

  it('R73: a failing bus fails no call of LayeredStore', async () => {
    const { bus, here, there, read, revision } = await openTwice()
    const failing = jest.spyOn(bus, 'publish')
    failing.mockReturnValue(Promise.reject(new Error('no bus')) as never)
    expect(await here.replace('a', { n: 2 }, LONG, revision, request)).toMatchObject({ outcome: 'written' })
    jest.spyOn(bus, 'publish').mockImplementation(() => {
      throw new Error('no bus')
    })
    expect(await here.destroy('a', request)).toBe(true)
    expect(await read(here)).toBeUndefined()
    clock.advance(maxStale + 1)
    expect(await read(there)).toBeUndefined()
  })

  it('R73: LayeredStore with a bus tells of an owner whose sessions it has ended', async () => {
    const bus = new CountingBus()
    const store = new LayeredStore(new MemoryStore(), { bus, maxStale })
    await store.create('a', { n: 1 }, LONG, { ...request, owner: 'ann' })
    expect(await store.destroyByOwner?.('ann')).toBe(1)
    expect(bus.messages).toEqual([{ kind: 'revoked', owner: expect.stringMatching(/^[\w-]{43}$/) as string }])
  })

  it('R73: LayeredStore with a bus tells of the one session that it has ended among those of its owner', async () => {
    const bus = new CountingBus()
    const store = new LayeredStore(new MemoryStore(), { bus, maxStale })
    for (const id of ['a', 'b']) await store.create(id, { n: 1 }, LONG, { ...request, owner: 'ann' })
    expect(await store.destroyByOwner?.('ann', { only: 'nobody' })).toBe(0)
    expect(bus.messages).toEqual([])
    expect(await store.destroyByOwner?.('ann', { only: 'a' })).toBe(1)
    expect(bus.messages).toEqual([{ kind: 'ended', session: hashSession('a') }])
  })

  it('R73: LayeredStore with a bus hears nothing and holds nothing once it is closed', async () => {
    const { names, bus, here, there, read } = await openTwice()
    here.close()
    there.close()
    expect(bus.size).toBe(0)
    await read(here)
    expect(names).toEqual(['read'])
  })
})
