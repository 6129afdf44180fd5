import type { Context } from 'koa'
import { LayeredStore, MemoryStore } from 'koa-session-service'
import { payload } from './payload'
import { median, quantile } from './statistics'
import { takeTurns } from './turns'

const SESSIONS = 1000
const READS = 3000
const ONE_DAY = 86_400_000
/** How much a read may cost of the least: to parse a text of a Map. */
const TARGET = 1.7

export interface CachedRead {
  store: string
  micros: number
  /** As a multiple of the floor. */
  share: number
  target: number | undefined
}

/** What a read costs that a LayeredStore answers from memory, in the processor's time, beside the floor. */
export async function measureCachedReads(rounds: number): Promise<CachedRead[]> {
  const data = payload(238)
  const layered = new LayeredStore(new MemoryStore(), { maxStale: ONE_DAY })
  const texts = new Map<string, string>()
  const context = { rolling: false, ctx: {} as Context }
  for (let id = 0; id < SESSIONS; id++) {
    await layered.create(`id-${id}`, { ...data }, ONE_DAY, context)
    texts.set(`id-${id}`, JSON.stringify(data))
  }
  const reads: Record<string, (key: string) => Promise<unknown>> = {
    'a text of a Map': async (key) => JSON.parse(texts.get(key) as string) as unknown,
    LayeredStore: async (key) => layered.read(key, context),
  }
  const turn = async (name: string): Promise<number> => {
    const before = process.cpuUsage()
    for (let made = 0; made < READS; made++) await reads[name](`id-${made % SESSIONS}`)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / READS
  }
  const names = Object.keys(reads)
  await takeTurns(names, 5, turn)
  const times = await takeTurns(names, 4 * rounds, turn)
  return names.map((store) => ({
    store,
    micros: quantile(
      times.map((round) => round.get(store)!),
      0.2,
    ),
    share: median(times.map((round) => round.get(store)! / round.get(names[0])!)),
    target: store === 'LayeredStore' ? TARGET : undefined,
  }))
}
