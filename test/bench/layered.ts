import { setTimeout } from 'node:timers/promises'
import type { ChildProcess } from 'node:child_process'
import { startRedisNode } from '../support/backends/redis-cluster'
import { next, start } from './processes'
import { median, quantile } from './statistics'
import { takeTurns } from './turns'

/** Of ten requests of each visitor one writes; or of ten visitors one writes, and nine read. */
export type Mix = 'of the requests of each visitor' | 'of the visitors'

/** What a process is told to do. */
export type Order = { do: 'drive'; mix: Mix; ms: number } | { do: 'probe'; count: number } | { do: 'write' }

/** What a process made in a second. */
export interface Share {
  reads: number
  requests: number
}

export interface LayeredResult {
  mix: Mix
  store: string
  reads: number
  requests: number
  /** The medians of their shares of what RedisStore alone made in the same round. */
  shareOfReads: number
  shareOfRequests: number
}

const STORES = ['RedisStore', 'LayeredStore with a bus']
const MIXES: Mix[] = ['of the requests of each visitor', 'of the visitors']
const PROBES = 100

/** Two processes over one Redis, 90 % reads: with a cache that a bus keeps fresh, and without. */
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
        return { reads: one.reads + other.reads, requests: one.requests + other.requests }
      }
      await takeTurns(STORES, 1, drive)
      const rounds = await takeTurns(STORES, options.rounds, drive)
      for (const store of STORES) {
        const share = (what: keyof Share): number =>
          median(rounds.map((round) => round.get(store)![what] / round.get(STORES[0])![what]))
        results.push({
          mix,
          store,
          reads: median(rounds.map((round) => round.get(store)!.reads)),
          requests: median(rounds.map((round) => round.get(store)!.requests)),
          shareOfReads: share('reads'),
          shareOfRequests: share('requests'),
        })
      }
    }
    return { results, staleness: await measureStaleness(pairs.get(STORES[1])!) }
  } finally {
    for (const pair of pairs.values()) for (const child of pair) child.kill()
    await server.stop()
  }
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
