import Redis from 'ioredis'
import type { Context } from 'koa'
import { LayeredStore, type StoreSetContext } from 'koa-session-service'
import { RedisBus, RedisStore } from 'koa-session-service/redis'
import type { Order, Share } from './layered'
import { payload } from './payload'

const LANES = 64
const SESSIONS = 1000
const ONE_DAY = 86_400_000
/** Everything is heard over the bus: nothing is dropped because of its age alone. */
const MAX_STALE = 600_000
const request = { rolling: false, ctx: {} as Context }
const data = payload(238)

/** One of two processes that share their sessions: does what it is told, for as long as it is told. */
async function serve(name: string, port: number): Promise<void> {
  const client = new Redis(port, '127.0.0.1')
  const shared = new RedisStore(client)
  const bus = new RedisBus(client)
  const store = name === 'RedisStore' ? shared : new LayeredStore(shared, { bus, maxStale: MAX_STALE })
  for (let id = 0; id < SESSIONS; id++) await shared.set(`id-${id}`, { ...data }, ONE_DAY)
  await shared.set('probe', { at: 0 }, ONE_DAY)
  let next = 0
  let written = 0

  const read = async (): Promise<void> => void (await store.read(`id-${next++ % SESSIONS}`, request))
  const write = async (): Promise<void> => {
    // As a conflict is answered: what others wrote is read again.
    const key = `id-${Math.floor(Math.random() * SESSIONS)}`
    const found = await store.read(key, request)
    await store.replace(key, { ...data, count: ++written }, ONE_DAY, found?.revision, request)
  }

  const drive = async ({ mix, ms }: Extract<Order, { do: 'drive' }>): Promise<Share> => {
    const start = performance.now()
    let requests = 0
    const lane = async (place: number): Promise<void> => {
      for (let turn = place; performance.now() - start < ms; turn++) {
        const count = mix.of === 'visitors' ? place : turn
        const writes = mix.oneIn > 0 && count % mix.oneIn === 0
        await (writes ? write() : read())
        requests++
        // A request comes with a turn of the event loop of its own.
        await new Promise(setImmediate)
      }
    }
    await Promise.all(Array.from({ length: LANES }, (_, place) => lane(place)))
    const seconds = (performance.now() - start) / 1000
    return { requests: requests / seconds }
  }

  /** Writes the time again and again, or waits until it sees that; answers how late that was, in milliseconds. */
  const probe = async (count: number): Promise<number[]> => {
    const late: number[] = []
    let seen = 0
    while (late.length < count) {
      const { record } = (await store.read('probe', request))!
      if (record.at !== seen && seen !== 0) late.push(Date.now() - Number(record.at))
      seen = Number(record.at)
      await new Promise(setImmediate)
    }
    return late
  }
  const stamp = async (): Promise<void> => {
    await store.set('probe', { at: Date.now() }, ONE_DAY, { ...request, changed: true } as StoreSetContext)
  }

  process.on('message', (order: Order) => {
    const work = order.do === 'drive' ? drive(order) : order.do === 'probe' ? probe(order.count) : stamp()
    void work.then((answer) => process.send?.(answer ?? 'done'))
  })
  process.on('disconnect', () => process.exit())
  process.send?.('ready')
}

void serve(process.argv[2], Number(process.argv[3]))
