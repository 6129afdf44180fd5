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
  const records = new Map<string, { _expire: number; _gen?: number }>()
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
  const put = (id: string, life = ONE_DAY) => records.set(id, { _expire: Date.now() + life })
  const hold = (id: string, owner?: string) => {
    const expire = records.get(id)?._expire
    const known = { generation: 0, owner, created: Date.now(), expire, policy: {} }
    const holding: Holding = { id, known: () => known, load: () => load(id) }
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

  it('R72: an answer to a look is not believed where something happened since it began', async () => {
    const { records, put, hold, slow, tell } = open()
    put('a')
    const { signal } = hold('a')
    let go = () => {}
    slow(new Promise<void>((resolve) => (go = resolve)))
    await settled()
    records.clear()
    tell({ kind: 'ended', session: hashSession('a') })
    await settled()
    slow(undefined)
    go()
    await settled()
    expect(signal.aborted).toBe(true)
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
