import type Redis from 'ioredis'
import type { Context } from 'koa'
import { RedisStore } from 'koa-session-service/redis'
import { createGate, type Gate } from '../../support/races/gate'
import { stopMonotonic } from '../../support/monotonic-clock'
import { hasRedis } from '../../support/backends/redis-cluster'
import { describeWith } from '../../support/backends/require-server'
import { useRedis } from '../../support/backends/use-server'

const LONG = 60_000
const DAY = 86_400_000
const RECORD = 'session:r:a'
const ANN = 'session:o:ann'
const of = (owner: string, revision?: unknown) => ({ rolling: false, ctx: {} as Context, owner, revision })

/** One command as it is sent: the command, its arguments, and what sends it. */
type Interceptor = (command: string, args: string[], proceed: () => Promise<unknown>) => Promise<unknown>

describeWith('Redis', hasRedis)('the owners of RedisStore', () => {
  let client: Redis
  let store: RedisStore
  useRedis((ready) => (client = ready))
  beforeEach(async () => {
    await client.flushall()
    store = new RedisStore(client)
  })
  afterEach(() => jest.restoreAllMocks())

  const intercepted = (intercept: Interceptor): RedisStore =>
    new RedisStore({
      call: async (command: string, ...args: string[]) =>
        intercept(command, args, async () => client.call(command, ...args)),
    })

  /** A store whose first command about this key waits at the gate, before it is sent. */
  const heldAt = (gate: Gate, key: string, isOne: (command: string) => boolean = () => true): RedisStore => {
    let isHeld = false
    return intercepted(async (command, args, proceed) => {
      if (!isHeld && args.includes(key) && isOne(command)) {
        isHeld = true
        await gate.pass()
      }
      return proceed()
    })
  }
  const entries = async (key = ANN) => client.zrange(key, '0', '-1')
  const keysOf = async (owner: string) => (await store.listByOwner(owner)).map(({ key }) => key).sort()

  it('R60: a session that is being written while its owner is listed or ended keeps its entry', async () => {
    const gate = createGate()
    const creating = heldAt(gate, RECORD).create('a', { n: 1 }, LONG, of('ann'))
    await gate.reached
    expect(await entries()).toEqual(['a'])
    expect(await store.listByOwner('ann')).toEqual([])
    expect(await store.destroyByOwner('ann')).toBe(0)
    gate.open()
    expect(await creating).toBeDefined()
    expect(await keysOf('ann')).toEqual(['a'])
    expect(await store.destroyByOwner('ann')).toBe(1)
  })

  it.each(['listByOwner', 'destroyByOwner'] as const)(
    'R60: an entry without a record goes at a second look, a minute later, and no sooner: %s()',
    async (look) => {
      await client.zadd(ANN, String(Date.now() + DAY), 'a')
      const clock = stopMonotonic()
      await store[look]('ann')
      clock.advance(59_000)
      await store[look]('ann')
      expect(await entries()).toEqual(['a'])
      clock.advance(2_000)
      await store[look]('ann')
      expect(await entries()).toEqual([])
    },
  )

  it('R60: a session that takes a new id while its owner is ended is ended too', async () => {
    await store.create('a', { n: 1 }, LONG, of('ann'))
    const gate = createGate()
    const ending = heldAt(gate, RECORD).destroyByOwner('ann')
    await gate.reached
    await store.create('b', { n: 1 }, LONG, of('ann'))
    await store.destroy('a')
    gate.open()
    await ending
    expect(await client.keys('*')).toEqual([])
  })

  it('R60: a session that changes its owner while the old one is ended lives', async () => {
    const created = await store.create('a', { n: 1 }, LONG, of('ann'))
    const gate = createGate()
    const ending = heldAt(gate, RECORD).destroyByOwner('ann')
    await gate.reached
    await store.replace('a', { n: 2 }, LONG, created?.revision, of('bob'))
    gate.open()
    expect(await ending).toBe(0)
    expect(await keysOf('bob')).toEqual(['a'])
  })

  it('R60: a shorter life makes no entry of an index shorter, so a later one takes none of a session that lives', async () => {
    const created = await store.create('a', { n: 1 }, DAY, of('ann'))
    const before = Number(await client.zscore(ANN, 'a'))
    await store.touch('a', undefined, 1, of('ann', created?.revision))
    await store.touch('a', undefined, 1, of('ann'))
    await store.replace('a', { n: 2 }, 1, created?.revision, of('ann'))
    expect(Number(await client.zscore(ANN, 'a'))).toBeGreaterThan(before)
    expect(await client.pttl(ANN)).toBeGreaterThan(DAY)
  })

  it('R60: an index lives as long as the longest of its sessions, whichever was written last', async () => {
    await store.create('long', { n: 1 }, DAY, of('ann'))
    await store.create('short', { n: 1 }, LONG, of('ann'))
    expect(await client.pttl(ANN)).toBeGreaterThan(DAY)
  })

  it('R60: a write that takes long adds its entry to the index once more, as the first one may have been given up', async () => {
    let additions = 0
    const slow = intercepted(async (command, args, proceed) => {
      if (command === 'eval' && args.includes(ANN)) additions++
      if (!args.includes(RECORD)) return proceed()
      stopMonotonic().advance(31_000)
      return proceed()
    })
    expect(await slow.create('a', { n: 1 }, LONG, of('ann'))).toBeDefined()
    expect(additions).toBe(2)
  })

  it('R60: an entry of an index outlives its record, also where extending it has failed', async () => {
    const created = await store.create('a', { n: 1 }, LONG, of('ann'))
    const failing = intercepted(async (_command, args, proceed) => {
      if (args.includes(ANN)) throw new Error('connection lost')
      return proceed()
    })
    await expect(failing.touch('a', undefined, LONG, of('ann', created?.revision))).rejects.toThrow('connection lost')
    const end = Date.now() + (await client.pttl(RECORD))
    expect(Number(await client.zscore(ANN, 'a'))).toBeGreaterThan(end)
    expect(await client.pexpiretime(ANN)).toBeGreaterThan(end)
  })

  it('R60: a logout takes its entry out of the index, and a late touch or write leaves none', async () => {
    const created = await store.create('a', { n: 1 }, LONG, of('ann'))
    await store.destroy('a')
    expect(await entries()).toEqual([])
    expect(await store.touch('a', undefined, LONG, of('ann', created?.revision))).toEqual({ outcome: 'missing' })
    expect(await store.replace('a', {}, LONG, created?.revision, of('ann'))).toEqual({ outcome: 'missing' })
    expect(await entries()).toEqual([])
  })

  it('R60: a change of owner takes the old entry out of the index, and so does signing out by emptying the data', async () => {
    const first = await store.create('a', { n: 1 }, LONG, of('ann'))
    const second = await store.replace('a', { n: 2 }, LONG, first?.revision, of('bob'))
    expect([await entries(), await entries('session:o:bob')]).toEqual([[], ['a']])
    await store.replace('a', {}, LONG, (second as { revision: unknown }).revision)
    expect(await client.keys('*')).toEqual([RECORD])
    await store.set('a', {}, LONG, of('ann'))
    await store.set('a', {}, LONG, of('bob'))
    expect([await entries(), await entries('session:o:bob')]).toEqual([[], ['a']])
  })

  it('R60: the entry of a visitor who signs in again is not taken out by the change before', async () => {
    const first = await store.create('a', { n: 1 }, LONG, of('ann'))
    const gate = createGate()
    let commands = 0
    const leaving = intercepted(async (_command, args, proceed) => {
      // The second command about the old owner is what removes the entry.
      if (args.includes(ANN) && ++commands === 2) await gate.pass()
      return proceed()
    }).replace('a', { n: 2 }, LONG, first?.revision, of('bob'))
    await gate.reached
    const { revision } = (await store.read('a'))!
    expect(await store.replace('a', { n: 3 }, LONG, revision, of('ann'))).toMatchObject({ outcome: 'written' })
    gate.open()
    await leaving
    expect(await keysOf('ann')).toEqual(['a'])
  })

  it('R60: an owner and an id never share a key', async () => {
    await store.create('o:ann', { n: 1 }, LONG)
    await store.create('owner:ann', { n: 2 }, LONG)
    await store.create('a', { n: 3 }, LONG, of('ann'))
    await store.create('b', { n: 3 }, LONG, of('r:a'))
    for (const key of ['o:ann', 'owner:ann']) expect(await store.destroy(key)).toBe(true)
    expect([await keysOf('ann'), await keysOf('r:a')]).toEqual([['a'], ['b']])
  })

  it('R60: an index that the server has taken is mended by the next touch', async () => {
    const created = await store.create('a', { n: 1 }, LONG, of('ann'))
    await client.del(ANN)
    expect(await keysOf('ann')).toEqual([])
    await store.touch('a', undefined, LONG, of('ann', created?.revision))
    expect(await keysOf('ann')).toEqual(['a'])
  })

  it('R60: a write with an owner takes one round trip to Redis, and one more where the owner is new', async () => {
    let [sent, open, rounds] = [0, 0, 0]
    const counting = intercepted(async (_command, _args, proceed) => {
      if (open === 0) rounds++
      sent++
      open++
      return proceed().finally(() => open--)
    })
    const roundsOf = async (work: () => Promise<unknown>): Promise<number> => {
      rounds = 0
      await work()
      return rounds
    }
    await counting.create('warm', {}, LONG, of('ann'))
    await counting.replace('warm', {}, LONG, (await counting.read('warm'))?.revision, of('ann'))
    await counting.touch('warm', undefined, LONG, of('ann'))
    let revision: unknown
    expect(await roundsOf(async () => (revision = (await counting.create('a', {}, LONG, of('ann')))?.revision))).toBe(2)
    expect(await roundsOf(async () => counting.touch('a', undefined, LONG, of('ann', revision)))).toBe(1)
    expect(await roundsOf(async () => counting.replace('a', {}, LONG, revision, of('ann')))).toBe(1)
    expect(sent).toBeGreaterThan(4)
  })
})
