import { measureCleanUps } from './clean-up'
import { measureRedisBytes, type RedisBytes } from '../support/backends/redis-bytes'
import { startRedisNode } from '../support/backends/redis-cluster'
import { measureCachedReads } from './cached-read'
import { FIELDS, TARGETS, type Operation } from './contestants'
import { readFlags } from './flags'
import { measureLayered } from './layered'
import { markdown } from './markdown'
import { failFor, publish } from './output'
import { payload } from './payload'
import { measureOwners } from './owners'
import { median, quantile } from './statistics'
import { takeTurns } from './turns'

const IN_FLIGHT = 64
const SESSIONS = 1000
const FULL = { rounds: 9, ms: 250 }
const QUICK = { rounds: 3, ms: 100 }

interface Slice {
  perSecond: number
  /** How long each call took, in microseconds. */
  micros: number[]
}

interface Result {
  field: string
  operation: string
  store: string
  perSecond: number
  p50: number
  p99: number
  /** The median of its shares of the reference's calls a second. */
  share: number
}

async function measureField(field: string, { rounds, ms }: typeof FULL): Promise<Result[]> {
  const { stores, reference, stop } = await FIELDS[field]()
  const run = async (store: string, operation: string): Promise<Slice> => drive(stores[store][operation], ms)
  try {
    const results: Result[] = []
    for (const operations of Object.values(stores))
      for (let id = 0; id < SESSIONS; id++) await operations.set(`id-${id}`)
    for (const operation of ['get', 'set', 'touch', 'get, then replace']) {
      const names = Object.keys(stores).filter((name) => operation in stores[name])
      await takeTurns(names, 1, (name) => run(name, operation))
      const slices = await takeTurns(names, rounds, (name) => run(name, operation))
      for (const store of names) {
        const own = slices.map((round) => round.get(store)!)
        const micros = own.flatMap((slice) => slice.micros)
        results.push({
          field,
          operation,
          store,
          perSecond: median(own.map(({ perSecond }) => perSecond)),
          p50: quantile(micros, 0.5),
          p99: quantile(micros, 0.99),
          share: median(own.map(({ perSecond }, round) => perSecond / slices[round].get(reference)!.perSecond)),
        })
      }
    }
    return results
  } finally {
    await stop()
  }
}

async function drive(operation: Operation, ms: number): Promise<Slice> {
  const start = performance.now()
  const micros: number[] = []
  let made = 0
  const lane = async (): Promise<void> => {
    while (performance.now() - start < ms) {
      const began = performance.now()
      await operation(`id-${made++ % SESSIONS}`)
      micros.push((performance.now() - began) * 1000)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  return { perSecond: (made * 1000) / (performance.now() - start), micros }
}

/** How many times the bytes of connect-redis a session may take. */
const BYTES_TARGETS: Record<string, number> = { plain: 1.25, 'with an owner': 2, 'with a device': 2.5 }

async function measureBytes(): Promise<RedisBytes[]> {
  const server = await startRedisNode()
  try {
    return await measureRedisBytes(server.port, payload(100))
  } finally {
    await server.stop()
  }
}

/** What is near enough to what bounds it. */
const NEAR = 1 / 1.15

/** What is short of its target, by name. */
const short: string[] = []

/** The last two cells of a row. */
function goal(name: string, share: number, target: number | undefined, isMet: boolean): string[] {
  if (target === undefined) return ['', '']
  if (!isMet) short.push(`${name}: ${share.toFixed(2)}, not ${target}`)
  return [target.toFixed(2), isMet ? 'yes' : 'no']
}

async function main(): Promise<void> {
  const { quick, only, rounds } = readFlags()
  const turns = quick ? QUICK : FULL
  const results: Result[] = []
  for (const field of Object.keys(FIELDS).filter((name) => name.includes(only))) {
    results.push(...(await measureField(field, { ...turns, rounds: rounds ?? turns.rounds })))
  }
  const text = markdown(
    ['where', 'operation', 'store', 'a second', 'p50, µs', 'p99, µs', 'share', 'target', 'met'],
    results.map(({ field, operation, store, perSecond, p50, p99, share }) => {
      const [rate, middle, high] = [perSecond, p50, p99].map((value) => value.toFixed(0))
      const name = [field, operation, store].join(', ')
      const target = TARGETS[name]
      return [
        field,
        operation,
        store,
        rate,
        middle,
        high,
        share.toFixed(2),
        ...goal(name, share, target, share >= target),
      ]
    }),
  )
  const bytes = 'Redis bytes'.includes(only) ? await measureBytes() : []
  const sizes = markdown(
    ['a session of 100 B in Redis', 'bytes of all its keys', 'share', 'target', 'met'],
    bytes.map(({ kind, bytes, share }) => {
      const target = BYTES_TARGETS[kind]
      return [kind, String(bytes), share.toFixed(2), ...goal(`bytes, ${kind}`, share, target, share <= target)]
    }),
  )
  const cached = 'LayeredStore'.includes(only) ? await measureCachedReads(turns.rounds) : []
  const reading = markdown(
    ['a read from memory', 'µs', 'times the floor', 'target', 'met'],
    cached.map(({ store, micros, share, target }) => {
      const isMet = target !== undefined && share <= target
      return [store, micros.toFixed(1), share.toFixed(2), ...goal('a read from memory', share, target, isMet)]
    }),
  )
  const cleanUps = quick ? [] : await measureCleanUps(only)
  const cleaning = markdown(
    ['clean-up of 100,000 of 250,000 rows', 'ms', 'share of plain deletes', 'p99 of touches, µs', 'p99 beside it, µs'],
    cleanUps.map(({ where, ms, share, p99, p99Beside }) => {
      const [alone, beside] = [p99, p99Beside].map((value) => (1000 * value).toFixed(0))
      return [where, ms.toFixed(0), share.toFixed(2), alone, beside]
    }),
  )
  const layered = 'LayeredStore'.includes(only)
    ? await measureLayered({ ...turns, rounds: rounds ?? turns.rounds })
    : undefined
  const layering = markdown(
    ['two processes over Redis', 'store', 'requests a second', 'share', 'bounds', 'target', 'met'],
    (layered?.results ?? []).map(({ mix, store, requests, share, target, bounds }) => {
      const bounded = bounds ? `${bounds.free.toFixed(1)}, ${bounds.warm.toFixed(1)}` : ''
      const isMet = share >= Math.min(target ?? 0, NEAR * (bounds?.warm ?? Infinity))
      return [mix, store, requests.toFixed(0), share.toFixed(1), bounded, ...goal(mix, share, target, isMet)]
    }),
  )
  const lateness = layered?.staleness
  const late =
    lateness && `One sees what the other has written after ${lateness.median} ms, ${lateness.max} ms at most.`
  const owners = quick ? [] : await measureOwners(only)
  const owning = markdown(
    ['1,000 sessions of one owner', 'operation', 'ms alone', 'ms among 100,000', 'round trips'],
    owners.map(({ where, operation, alone, among, trips }) => {
      return [where, operation, alone.toFixed(1), among.toFixed(1), String(trips ?? '–')]
    }),
  )
  const parts = [
    results.length > 0 && text,
    bytes.length > 0 && sizes,
    cached.length > 0 && reading,
    cleanUps.length > 0 && cleaning,
    layered && layering,
    late,
    owners.length > 0 && owning,
  ]
  const page = parts.filter(Boolean).join('\n\n')
  if (only === '') publish('stores', page, { results, bytes, cached, cleanUps, layered, owners })
  console.log(page)
  failFor(short)
}

void main()
