import type { BusMessage } from 'koa-session-service'
import { hashOwner, hashSession } from '../../../src/session/hashes'
import type { LifetimePolicy } from '../../../src/session/record'
import { Watch } from '../../../src/watch/watch'
import type { Holding } from '../../../src/watch/watcher'
import { CountingBus } from '../../support/spies/counting-bus'

const RECHECK = 30_000
const ONE_DAY = 86_400_000

beforeEach(() => jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] }))
afterEach(() => jest.useRealTimers())

/** A watch over records that the test changes, and how often each was looked at. */
function open({ recheckEvery = RECHECK, policyOf = (): LifetimePolicy => ({}) } = {}) {
  const bus = new CountingBus()
  const records = new Map<string, { _expire: number; _created?: number; _gen?: number }>()
  const looks: string[] = []
  const watch = new Watch({ options: { recheckEvery } as never, policyOf, nameOf: (owner) => `stored ${owner}`, bus })
  let isDown = false
  let delay: Promise<unknown> | undefined
  const load = async (id: string) => {
    looks.push(id)
    const record = records.get(id)
    await delay
    if (isDown) throw new Error('down')
    return record && { record: { ...record }, revision: undefined }
  }
  const put = (id: string, life = ONE_DAY) => records.set(id, { _expire: Date.now() + life, _created: Date.now() })
  const hold = (id: string, owner?: string, more: Partial<Holding> & { policy?: LifetimePolicy } = {}) => {
    const expire = records.get(id)?._expire
    const { policy = {}, ...rest } = more
    const known = { generation: 0, owner, created: Date.now(), expire, policy }
    const holding: Holding = { id, known: () => known, load: () => load(id), ...rest }
    return watch.hold(holding)
  }
  const tell = (message: BusMessage) => bus.publish(message)
  return {
    bus,
    records,
    looks,
    watch,
    put,
    hold,
    tell,
    down: (value: boolean) => void (isDown = value),
    slow: (until: Promise<unknown> | undefined) => void (delay = until),
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise(setImmediate)
}

async function pass(milliseconds: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(milliseconds)
  await settled()
}

describe('what is held', () => {
  it('R72: nothing is left of held sessions when all are released: no timer, no listener, no session', async () => {
    const { bus, watch, put, hold } = open()
    const held = Array.from({ length: 100 }, (_, index) => {
      put(`id-${index % 50}`)
      return hold(`id-${index % 50}`)
    })
    await settled()
    expect([watch.size, watch.hasTimer, bus.size]).toEqual([50, true, 1])
    for (const { release } of held) release()
    expect([watch.size, watch.hasTimer, bus.size]).toEqual([0, false, 0])
    expect(jest.getTimerCount()).toBe(0)
    await settled()
    expect([watch.size, watch.hasTimer, bus.size]).toEqual([0, false, 0])
  })

  it('R72: nothing is left of held sessions when all have ended', async () => {
    const { bus, watch, records, put, hold, tell } = open()
    put('a')
    const { signal } = hold('a')
    await settled()
    records.clear()
    tell({ kind: 'ended', session: hashSession('a') })
    await settled()
    expect(signal.aborted).toBe(true)
    expect([watch.size, watch.hasTimer, bus.size]).toEqual([0, false, 0])
  })

  it('R72: a timeout that fails as a function ends neither the process nor the watch', async () => {
    const policyOf = (): never => {
      throw new TypeError('of undefined')
    }
    const { records, put, hold } = open({ policyOf })
    put('a')
    const { signal } = hold('a')
    await settled()
    await pass(RECHECK + 1)
    expect(signal.aborted).toBe(false)
    records.clear()
    await pass(RECHECK + 1)
    expect(signal.aborted).toBe(true)
  })

  it('R72: one timer serves all held sessions, and it keeps no process alive', async () => {
    const { put, hold } = open()
    const timers = jest.spyOn(global, 'setTimeout')
    for (let index = 0; index < 50; index++) {
      put(`id-${index}`)
      hold(`id-${index}`)
    }
    await settled()
    expect(jest.getTimerCount()).toBe(1)
    const [{ value }] = timers.mock.results as { value: NodeJS.Timeout }[]
    expect(value.hasRef()).toBe(false)
    timers.mockRestore()
  })

  it('R72: the record of a held session is read once for all who hold it, at once and then after each "recheckEvery"', async () => {
    const { looks, put, hold } = open()
    put('a')
    for (let index = 0; index < 5; index++) hold('a')
    await settled()
    expect(looks).toEqual(['a'])
    await pass(RECHECK)
    expect(looks).toEqual(['a', 'a'])
  })

  it('R72: a change that no message told is seen by the re-check', async () => {
    const { records, put, hold } = open()
    put('a')
    const { signal } = hold('a')
    await settled()
    records.clear()
    await pass(RECHECK - 1)
    expect(signal.aborted).toBe(false)
    await pass(1)
    expect(signal.aborted).toBe(true)
  })

  it.each([-3_600_000, 3_600_000])(
    'R91: the end of a held session is seen in time where the clock of the machine is set by %d ms',
    async (by) => {
      const { records, put, hold } = open()
      put('a')
      const { signal } = hold('a')
      await settled()
      await pass(RECHECK)
      jest.setSystemTime(Date.now() + by)
      records.clear()
      await pass(RECHECK)
      expect(signal.aborted).toBe(true)
    },
  )

  it('R91: a held session is looked at also where the timers were fake before, and the real ones are back', async () => {
    const { looks, put, hold } = open({ recheckEvery: 5 })
    put('a')
    const { release } = hold('a')
    await settled()
    jest.useRealTimers()
    put('b')
    const other = hold('b')
    for (let wait = 0; wait < 400 && looks.filter((id) => id === 'a').length < 2; wait++)
      await new Promise((resolve) => setTimeout(resolve, 5))
    expect(looks.filter((id) => id === 'a').length).toBeGreaterThan(1)
    other.release()
    release()
  })

  it('R72: a held session ends when the record says so; one that another request has renewed goes on', async () => {
    const { put, hold, looks } = open({ recheckEvery: ONE_DAY })
    put('a', 1000)
    put('b', 1000)
    const [a, b] = [hold('a'), hold('b')]
    await settled()
    await pass(999)
    put('b', 5000)
    expect([a.signal.aborted, b.signal.aborted]).toEqual([false, false])
    await pass(200)
    expect([a.signal.aborted, b.signal.aborted]).toEqual([true, false])
    expect(looks).toEqual(['a', 'b', 'a', 'b'])
    await pass(5000)
    expect(b.signal.aborted).toBe(true)
  })

  it('R72: as many held sessions are read at a time as there are places, and all are read', async () => {
    const { looks, put, hold, slow } = open()
    let go = () => {}
    slow(new Promise<void>((resolve) => (go = resolve)))
    const held = Array.from({ length: 100 }, (_, index) => {
      put(`id-${index}`)
      return hold(`id-${index}`)
    })
    await settled()
    expect(looks).toHaveLength(16)
    go()
    await settled()
    expect(looks).toHaveLength(100)
    for (const { release } of held) release()
  })

  it.each<[string, boolean]>([
    ['that the record is gone', false],
    ['that the record is there', true],
  ])(
    'R72: an answer to a look, %s, is not believed where something happened since it began, and one look runs at a time',
    async (_what, wasThere) => {
      const { records, looks, put, hold, slow, tell } = open()
      put('a')
      const { signal } = hold('a')
      await settled()
      looks.length = 0
      if (!wasThere) records.clear()
      let go = () => {}
      slow(new Promise<void>((resolve) => (go = resolve)))
      tell({ kind: 'ended', session: hashSession('a') })
      await settled()
      if (wasThere) records.clear()
      else put('a')
      tell({ kind: 'ended', session: hashSession('a') })
      await settled()
      expect(looks).toEqual(['a'])
      slow(undefined)
      go()
      await settled()
      expect([signal.aborted, looks]).toEqual([wasThere, ['a', 'a']])
    },
  )

  it('R72: what holds a session again is told of its end, also where what held it before is released twice', async () => {
    const { bus, records, put, hold, tell } = open()
    put('a')
    const before = hold('a')
    await settled()
    before.release()
    expect(bus.size).toBe(0)
    const { signal } = hold('a')
    before.release()
    await settled()
    records.clear()
    tell({ kind: 'ended', session: hashSession('a') })
    await settled()
    expect([signal.aborted, before.signal.aborted]).toEqual([true, false])
  })

  it('R72: where the store cannot be read, a held session lives by what its holder knows, and by no option of another', async () => {
    const { put, hold, down } = open({ policyOf: () => ({}) })
    put('a')
    down(true)
    const { signal } = hold('a', 'ann', { policy: { absoluteTimeout: 1000 } })
    await settled()
    await pass(900)
    expect(signal.aborted).toBe(false)
    await pass(200)
    expect(signal.aborted).toBe(true)
  })

  it('R72: the deadline of a held session is asked for by its record, and ends it', async () => {
    const { put, hold } = open()
    put('a')
    const asked: unknown[] = []
    const deadlineOf: Holding['deadlineOf'] = (record) => (asked.push(record), (record?._expire ?? 0) - ONE_DAY + 500)
    const { signal } = hold('a', undefined, { deadlineOf })
    await settled()
    expect([asked, signal.aborted]).toEqual([[expect.objectContaining({ _expire: expect.any(Number) })], false])
    await pass(499)
    expect(signal.aborted).toBe(false)
    await pass(200)
    expect(signal.aborted).toBe(true)
  })

  it('R72: a holder that has ended the session itself, or is nobody, is no owner whose sessions are ended', async () => {
    const { looks, put, hold, tell } = open()
    for (const id of ['a', 'b', 'c']) put(id)
    let isOver = false
    const known = { generation: 0, owner: 'ann', created: Date.now(), expire: undefined, policy: {} }
    hold('a', 'ann', { known: () => (isOver ? undefined : known) })
    hold('b')
    hold('c', 'ann')
    await settled()
    looks.length = 0
    isOver = true
    tell({ kind: 'revoked', owner: hashOwner('stored ann') })
    tell({ kind: 'revoked', owner: hashOwner('stored undefined') })
    await settled()
    expect(looks).toEqual(['c'])
  })

  it('R72: a store in trouble ends nothing before its time', async () => {
    const { put, hold, down } = open({ recheckEvery: 500 })
    put('a', 1000)
    const { signal } = hold('a')
    await settled()
    down(true)
    await pass(600)
    expect(signal.aborted).toBe(false)
    put('a', 2000)
    down(false)
    await pass(500)
    down(true)
    await pass(1000)
    expect(signal.aborted).toBe(false)
    await pass(1500)
    expect(signal.aborted).toBe(true)
  })

  it('R72: each change of hands is looked at that one of those who hold a session does not know', async () => {
    const { looks, put, hold, tell } = open()
    put('a')
    const known = { owner: undefined, created: Date.now(), expire: undefined, policy: {} }
    hold('a', undefined, { known: () => ({ ...known, generation: 0 }) })
    const second = hold('a', undefined, { known: () => ({ ...known, generation: 1 }) })
    await settled()
    const looksAfter = async (message: BusMessage): Promise<number> => {
      looks.length = 0
      tell(message)
      await settled()
      return looks.length
    }
    const written = (generation: number): BusMessage => ({ kind: 'written', session: hashSession('a'), generation })
    expect(await looksAfter(written(0))).toBe(1)
    expect(await looksAfter(written(1))).toBe(1)
    second.release()
    expect(await looksAfter(written(0))).toBe(0)
  })

  it('R72: a held session is of the owner whom its holder knows now, and of each of those whom its holders know', async () => {
    const { looks, put, hold, tell } = open()
    put('a')
    const known = { generation: 0, owner: 'ann', created: Date.now(), expire: undefined, policy: {} }
    hold('a', 'ann', { known: () => known })
    hold('a', 'cid')
    await settled()
    const looksFor = async (owner: string): Promise<number> => {
      looks.length = 0
      tell({ kind: 'revoked', owner: hashOwner(`stored ${owner}`) })
      await settled()
      return looks.length
    }
    expect([await looksFor('ann'), await looksFor('bob'), await looksFor('cid')]).toEqual([1, 0, 1])
    known.owner = 'bob'
    expect([await looksFor('ann'), await looksFor('bob'), await looksFor('cid')]).toEqual([0, 1, 1])
  })

  it('R72: what a holder itself writes is waited for before its session is judged', async () => {
    const { records, put, hold } = open()
    put('a')
    const known = { generation: 0, owner: undefined, created: Date.now(), expire: undefined, policy: {} }
    let done = () => {}
    const writing = new Promise<void>((resolve) => (done = resolve))
    records.set('a', { _expire: Date.now() + ONE_DAY, _gen: 1 })
    const { signal } = hold('a', undefined, { known: () => known, settled: async () => writing })
    await settled()
    expect(signal.aborted).toBe(false)
    known.generation = 1
    done()
    await settled()
    expect(signal.aborted).toBe(false)
    known.generation = 0
    await pass(RECHECK)
    expect(signal.aborted).toBe(true)
  })

  it.each([true, false])(
    'R112: whether a key of a held session was ended is asked with its record: %p',
    async (isEnded) => {
      const { put, hold } = open()
      put('a')
      const asked: unknown[] = []
      const ends = { keys: () => [], hasEnded: async (record: unknown) => (asked.push(record), isEnded) }
      const { signal } = hold('a', undefined, { ends })
      await settled()
      expect(asked).toEqual([expect.objectContaining({ _expire: expect.any(Number) })])
      expect(signal.aborted).toBe(isEnded)
    },
  )

  it('R72: a signal that was released is not aborted any more, also where the session has just ended', async () => {
    const { records, put, hold } = open()
    put('a')
    const [one, other] = [hold('a'), hold('a')]
    one.end()
    other.end()
    one.release()
    await settled()
    expect([one.signal.aborted, other.signal.aborted]).toEqual([false, true])
    expect(records.size).toBe(1)
  })

  it('R72: a holder beside one that is released is told of the end of its session, by the timeouts that count now', async () => {
    const { records, put, hold } = open({ policyOf: () => ({ absoluteTimeout: 1000 }) })
    for (const id of ['a', 'b']) put(id)
    const [released, a, b] = [hold('a'), hold('a'), hold('b')]
    await settled()
    released.release()
    records.delete('a')
    await pass(900)
    expect([a.signal.aborted, b.signal.aborted]).toEqual([false, false])
    await pass(500)
    expect([released.signal.aborted, a.signal.aborted, b.signal.aborted]).toEqual([false, true, true])
  })

  it('R72: each held session is looked at when it is due, and no other', async () => {
    const { looks, put, hold } = open({ recheckEvery: ONE_DAY })
    const lives = { a: 1000, b: 3000, c: 2000 }
    const signals = Object.entries(lives).map(([id, life]) => {
      put(id, life)
      return hold(id).signal
    })
    await settled()
    looks.length = 0
    for (const expected of [['a'], ['a', 'c'], ['a', 'c', 'b']]) {
      await pass(1050)
      expect(looks).toEqual(expected)
    }
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true])
  })

  it('R72: held sessions that end one shortly after the other are gone through together', async () => {
    const { watch, put, hold } = open({ recheckEvery: ONE_DAY })
    for (let index = 0; index < 50; index++) {
      put(`id-${index}`, 1000 + 2 * index)
      hold(`id-${index}`)
    }
    await settled()
    const timers = jest.spyOn(global, 'setTimeout')
    for (let passed = 0; passed < 1300; passed++) await jest.advanceTimersByTimeAsync(1)
    await settled()
    expect(watch.size).toBe(0)
    expect(timers.mock.calls.length).toBeLessThan(10)
    timers.mockRestore()
  })

  it.each<[string, BusMessage, string[]]>([
    ['a session that ended', { kind: 'ended', session: hashSession('a') }, ['a']],
    ['one in other hands', { kind: 'rotated', session: hashSession('a'), generation: 1 }, ['a']],
    ['a write that says no hands', { kind: 'written', session: hashSession('b') }, ['b']],
    ['a write in the same hands', { kind: 'written', session: hashSession('a'), generation: 0 }, []],
    ['another session', { kind: 'ended', session: hashSession('c') }, []],
    ['those of an owner', { kind: 'revoked', owner: hashOwner('stored ann') }, ['a']],
    ['those of nobody here', { kind: 'revoked', owner: hashOwner('stored cid') }, []],
    ['messages that may be lost', { kind: 'lost' }, ['a', 'b']],
  ])('R72: a message tells where to look: %s', async (_what, message, expected) => {
    const { looks, put, hold, tell } = open()
    for (const [id, owner] of Object.entries({ a: 'ann', b: 'bob' })) {
      put(id)
      hold(id, owner)
    }
    await settled()
    looks.length = 0
    tell(message)
    await settled()
    expect(looks).toEqual(expected)
  })
})
