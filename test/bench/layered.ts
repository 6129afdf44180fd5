import { setTimeout } from 'node:timers/promises'
import type { ChildProcess } from 'node:child_process'
import { startRedisNode } from '../support/backends/redis-cluster'
import { next, start } from './processes'
import { median, quantile } from './statistics'
import { takeTurns } from './turns'

/** Which requests write: one of so many of each visitor, or all those of one of so many visitors; 0 for none. */
export interface Mix {
  name: string
  of: 'requests' | 'visitors'
  oneIn: number
  /** How many times the requests of RedisStore are to be reached. */
  target?: number
}

/** What a process is told to do. */
export type Order = { do: 'drive'; mix: Mix; ms: number } | { do: 'probe'; count: number } | { do: 'write' }

/** What a process made in a second. */
export interface Share {
  requests: number
}

export interface LayeredResult {
  mix: string
  store: string
  requests: number
  /** The median of its shares of what RedisStore alone made in the same round. */
  share: number
  target?: number
  /** What the share of the requests could be at most, by what reads alone and writes alone cost in the same run. */
  bounds?: Bounds
}

/** Where a read from memory costs nothing, and where it costs what it does. */
export interface Bounds {
  free: number
  warm: number
}

const STORES = ['RedisStore', 'LayeredStore with a bus']
const READS: Mix = { name: 'all requests read', of: 'requests', oneIn: 0 }
const WRITES: Mix = { name: 'all requests write', of: 'requests', oneIn: 1 }
const MIXES: Mix[] = [
  { name: '90 % of the requests of each visitor read', of: 'requests', oneIn: 10, target: 3 },
  { name: '90 % of the visitors read', of: 'visitors', oneIn: 10, target: 3 },
  { name: '99 % of the requests of each visitor read', of: 'requests', oneIn: 100, target: 10 },
  READS,
  WRITES,
]
const PROBES = 100

/** Two processes over one Redis: with a cache that a bus keeps fresh, and without. */
export async function measureLayered(options: {
  rounds: number
  ms: number
}): Promise<{ results: LayeredResult[]; staleness: { median: number; max: number } }> {
  const server = await startRedisNode()
  const pairs = new Map<string, ChildProcess[]>()
  try {
    for (const store of STORES) {
      const pair = [0, 1].map(() => start('layered-child.js', [store, server.port]))
      await Promise.all(pair.map(next))
      pairs.set(store, pair)
    }
    const results: LayeredResult[] = []
    for (const mix of MIXES) {
      const drive = async (store: string): Promise<Share> => {
        const [one, other] = await both(pairs.get(store)!, { do: 'drive', mix, ms: options.ms })
        return { requests: one.requests + other.requests }
      }
      await takeTurns(STORES, 1, drive)
      const rounds = await takeTurns(STORES, options.rounds, drive)
      for (const store of STORES) {
        results.push({
          mix: mix.name,
          target: store === STORES[0] ? undefined : mix.target,
          store,
          requests: median(rounds.map((round) => round.get(store)!.requests)),
          share: median(rounds.map((round) => round.get(store)!.requests / round.get(STORES[0])!.requests)),
        })
      }
    }
    for (const mix of MIXES.filter(({ target }) => target !== undefined)) addBounds(results, mix)
    return { results, staleness: await measureStaleness(pairs.get(STORES[1])!) }
  } finally {
    for (const pair of pairs.values()) for (const child of pair) child.kill()
    await server.stop()
  }
}

function addBounds(results: LayeredResult[], { name, oneIn }: Mix): void {
  const find = (store: string, mix: string): LayeredResult =>
    results.find((result) => result.store === store && result.mix === mix)!
  const [alone, layered] = STORES
  const { requests } = find(alone, name)
  const writing = 1 / (oneIn * find(layered, WRITES.name).requests)
  const reading = (1 - 1 / oneIn) / find(layered, READS.name).requests
  find(layered, name).bounds = { free: 1 / (requests * writing), warm: 1 / (requests * (writing + reading)) }
}

async function both(pair: ChildProcess[], order: Order): Promise<Share[]> {
  const answers = pair.map(next)
  for (const child of pair) child.send(order)
  return (await Promise.all(answers)) as Share[]
}

/** How late one process sees what the other one has written, in milliseconds. */
async function measureStaleness([reader, writer]: ChildProcess[]): Promise<{ median: number; max: number }> {
  const probing = next(reader) as Promise<number[]>
  let isDone = false
  void probing.finally(() => (isDone = true)).catch(() => undefined)
  reader.send({ do: 'probe', count: PROBES } satisfies Order)
  while (!isDone) {
    const written = next(writer)
    writer.send({ do: 'write' } satisfies Order)
    await written
    await setTimeout(20)
  }
  const late = await probing
  return { median: median(late), max: quantile(late, 1) }
}
