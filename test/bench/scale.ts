import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readFlags } from './flags'
import { failFor, publish } from './output'
import { checkPopulation, foreignCalls, ownCalls, type Call, type Calls } from './scale-calls'
import { openMariadb } from './scale-mariadb'
import { openMemory } from './scale-memory'
import type { Bytes, Place, Population } from './scale-places'
import { openPostgres } from './scale-postgres'
import { openRedis } from './scale-redis'
import { notFlat, pageOf, SMALL, type Cost, type Results, type Taken } from './scale-report'
import { EXPIRED, PER_OWNER, range } from './scale-sessions'
import { openSqliteFiles } from './scale-sqlite'
import { median, quantile } from './statistics'
import { takeTurns } from './turns'

const SIZES = [1_000_000, 10_000_000]
const FULL = { rounds: 15, calls: 200, expired: 500 }
const QUICK = { rounds: 5, calls: 40, expired: 50 }
/** So many calls that are much work stand for so many others. */
const LONG = 10
/** How many calls are timed together where one is too short. */
const TOGETHER = 20

const PLACES: Record<string, { store: string; open: () => Promise<Place> }> = {
  Redis: { store: 'RedisStore', open: openRedis },
  PostgreSQL: { store: 'KyselyStore', open: openPostgres },
  MariaDB: { store: 'KyselyStore', open: openMariadb },
  SQLite: { store: 'KyselyStore', open: openSqliteFiles },
  'this process': { store: 'MemoryStore', open: openMemory },
}

type Measured = Omit<Cost, 'where'>

/** The same store twice: with 10 thousand sessions, and with many more. */
interface Pair {
  store: string
  small: Population<any>
  large: Population<any>
  callsOf: (population: Population<any>, size: number) => Calls
  /** What the large one took when it grew. */
  taken: Bytes
}

/** Tells what it has found at each size: the next one takes long, and may fail. */
async function* measurePlace(where: string, sizes: number[], turns: typeof FULL): AsyncGenerator<Results> {
  const { store, open } = PLACES[where]
  const place = await open()
  try {
    const own = await openPair(store, place.ours, ownCalls)
    const { rival } = place
    const pairs = rival ? [own, await openPair(rival.name, rival.open, foreignCalls)] : [own]
    let held = 0
    for (const size of sizes) {
      const [measured, taken]: [Measured[], Taken[]] = [[], []]
      for (const pair of pairs) {
        await grow(pair, held, size)
        taken.push({ where, store: pair.store, size, ...shareOf(pair.taken, size) })
      }
      held = size
      await checkPopulation(own.large, size)
      for (const operation of Object.keys(ownCalls(own.large, size))) {
        measured.push(...(await measureCalls(pairs, operation, size, turns, place.isLocal)))
      }
      measured.push(...(await measureCleanUps(pairs, size, turns)))
      yield { costs: measured.map((cost) => ({ where, ...cost })), taken }
    }
  } finally {
    await place.stop()
  }
}

async function openPair<S>(
  store: string,
  open: (name: string) => Promise<Population<S>>,
  callsOf: (population: Population<S>, size: number) => Calls,
): Promise<Pair> {
  const word = store.replaceAll(/\W/g, '').toLowerCase()
  const [small, large] = [await open(`${word}_small`), await open(`${word}_large`)]
  await small.add(range(0, SMALL / PER_OWNER))
  return { store, small, large, callsOf, taken: {} }
}

/** Adds sessions, and what they take: not what calls have left behind. */
async function grow({ store, large, taken }: Pair, from: number, to: number): Promise<void> {
  const [before, began] = [await large.bytes(), performance.now()]
  await large.add(range(from / PER_OWNER, to / PER_OWNER))
  console.log(`${store} took ${((performance.now() - began) / 1000).toFixed(0)} s to grow to ${to}`)
  const after = await large.bytes()
  for (const what of ['memory', 'disk'] as const) {
    if (after[what] !== undefined) taken[what] = (taken[what] ?? 0) + after[what] - (before[what] ?? 0)
  }
  if (after.indexes) taken.indexes = after.indexes
}

function shareOf({ memory, disk, indexes = {} }: Bytes, size: number): Bytes {
  const share = (bytes: number | undefined): number | undefined => bytes && Math.round(bytes / size)
  const each = Object.entries(indexes).map(([name, bytes]) => [name, share(bytes)])
  return { memory: share(memory), disk: share(disk), indexes: Object.fromEntries(each) }
}

/** Times a call among few sessions and among many, in turns, so that both have the same machine. */
async function measureCalls(
  pairs: Pair[],
  operation: string,
  size: number,
  { rounds, calls }: typeof FULL,
  isLocal = false,
): Promise<Measured[]> {
  const all = new Map<string, Call>()
  for (const { store, small, large, callsOf } of pairs) {
    const [few, many] = [callsOf(small, SMALL)[operation], callsOf(large, size)[operation]]
    if (few) all.set(`${store}/small`, few).set(`${store}/large`, many)
  }
  const time = async (name: string): Promise<number[]> => {
    const call = all.get(name)!
    return call.isLong ? timeCalls(call, calls / LONG, 1) : timeCalls(call, calls, isLocal ? TOGETHER : 1)
  }
  const names = Array.from(all.keys())
  await takeTurns(names, 1, time)
  const times = await takeTurns(names, rounds, time)
  for (const { restore } of all.values()) await restore?.()
  return costsOf(pairs, operation, size, times)
}

/** How long each sample takes, in microseconds a call. */
async function timeCalls({ argument, run }: Call, count: number, together: number): Promise<number[]> {
  const samples = Array.from({ length: count }, () => Array.from({ length: together }, argument))
  const times: number[] = []
  for (const sample of samples) {
    const began = performance.now()
    for (const each of sample) await run(each)
    times.push(((performance.now() - began) * 1000) / together)
  }
  return times
}

/** What it costs to remove a session that has expired. */
async function measureCleanUps(pairs: Pair[], size: number, { expired }: typeof FULL): Promise<Measured[]> {
  const all = new Map<string, Population<unknown>>()
  for (const { store, small, large } of pairs) {
    if (small.cleanUp) all.set(`${store}/small`, small).set(`${store}/large`, large)
  }
  const time = async (name: string): Promise<number[]> => {
    const { add, cleanUp } = all.get(name)!
    await add(range(EXPIRED, EXPIRED + expired))
    const began = performance.now()
    await cleanUp!()
    return [((performance.now() - began) * 1000) / (expired * PER_OWNER)]
  }
  return costsOf(pairs, 'clean-up, a row', size, await takeTurns(Array.from(all.keys()), 5, time))
}

function costsOf(pairs: Pair[], operation: string, size: number, times: Map<string, number[]>[]): Measured[] {
  const costs: Measured[] = []
  for (const { store } of pairs) {
    const rounds = times.flatMap((round) => {
      const [small, large] = [round.get(`${store}/small`), round.get(`${store}/large`)]
      return small && large ? [{ small, large }] : []
    })
    if (rounds.length === 0) continue
    const ratioAt = (part: number): number =>
      median(rounds.map(({ small, large }) => quantile(large, part) / quantile(small, part)))
    const [small, micros] = [rounds.flatMap((round) => round.small), rounds.flatMap((round) => round.large)].map(median)
    costs.push({ store, operation, size, small, micros, ratio: ratioAt(0.5), ratioOfFast: ratioAt(0.2) })
    console.log(`${store}, ${operation}, ${size}: ${micros.toFixed(1)} µs, ${ratioAt(0.5).toFixed(2)} times`)
  }
  return costs
}

/** What an earlier run has measured elsewhere stays. */
function earlier(only: string): Results {
  const file = join(__dirname, '..', '..', 'scale.json')
  if (only === '' || !existsSync(file)) return { costs: [], taken: [] }
  const { costs, taken } = JSON.parse(readFileSync(file, 'utf8')) as Results
  const isElsewhere = ({ where }: { where: string }): boolean => !where.includes(only)
  return { costs: costs.filter(isElsewhere), taken: taken.filter(isElsewhere) }
}

async function main(): Promise<void> {
  const { quick, only, rounds, sizes } = readFlags()
  const turns = quick ? QUICK : FULL
  const taken = { ...turns, rounds: rounds ?? turns.rounds }
  const results = quick ? { costs: [], taken: [] } : earlier(only)
  for (const where of Object.keys(PLACES).filter((name) => name.includes(only))) {
    for await (const found of measurePlace(where, sizes ?? (quick ? [100_000] : SIZES), taken)) {
      results.costs.push(...found.costs)
      results.taken.push(...found.taken)
      if (!quick) publish('scale', pageOf(results), results)
    }
  }
  console.log(pageOf(results))
  const stores = Object.values(PLACES).map(({ store }) => store)
  failFor(notFlat(results, stores))
}

void main()
