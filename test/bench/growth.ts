import { MemoryStore } from 'koa-session-service'
import { CROWD_BYTES, CROWDS } from './crowd'
import { readFlags } from './flags'
import { GrowthApp, timeBare, VERBS } from './growth-app'
import { markdown } from './markdown'
import { publish, save } from './output'
import { median, slope } from './statistics'
import { plot, type Series } from './svg'
import { takeTurns } from './turns'

const COOKIE_SIZES = [100, 300, 1000, 2900]
const STORE_SIZES = [100, 300, 1000, 3000, 10_000, 30_000, 100_000]
const COUNTS = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000]
const VISITORS = 1000
const BARE = 'bare'
const FULL = { rounds: 9, ms: 60, most: 1_000_000 }
const QUICK = { rounds: 3, ms: 30, most: 100_000 }

type Timer = (ms: number) => Promise<number>

/** The median overheads of all timers over bare Koa, in microseconds, taken in turns. */
async function overheads(timers: Map<string, Timer>, { rounds, ms }: typeof FULL): Promise<Map<string, number>> {
  const all = new Map<string, Timer>(timers).set(BARE, timeBare)
  const names = Array.from(all.keys())
  await takeTurns(names, 1, (name) => all.get(name)!(5 * ms))
  const times = await takeTurns(names, rounds, (name) => all.get(name)!(ms))
  const overheadOf = (name: string): number => median(times.map((round) => round.get(name)! - round.get(BARE)!))
  return new Map(Array.from(timers.keys(), (name) => [name, overheadOf(name)]))
}

/** Cost against the length of a session's JSON. */
async function bySize(turns: typeof FULL): Promise<Series[]> {
  const timers = new Map<string, Timer>()
  for (const [mode, sizes] of Object.entries({ cookie: COOKIE_SIZES, MemoryStore: STORE_SIZES })) {
    for (const size of sizes) {
      const app = new GrowthApp(mode === 'cookie' ? undefined : new MemoryStore(), size)
      await app.welcome(64)
      for (const verb of VERBS) timers.set(`${mode}, ${verb}/${size}`, (ms) => app.time(verb, ms))
    }
  }
  const series = new Map<string, Series>()
  for (const [name, micros] of await overheads(timers, turns)) addPoint(series, name, micros)
  return Array.from(series.values())
}

/** Cost against how many sessions a store holds. */
async function byCount(turns: typeof FULL): Promise<Series[]> {
  const series = new Map<string, Series>()
  for (const [name, open] of Object.entries(CROWDS)) {
    const { store, add, stop } = await open(turns.most)
    const app = new GrowthApp(store, CROWD_BYTES)
    let [held, welcomed] = [0, 0]
    for (const count of COUNTS.filter((each) => each <= turns.most)) {
      const visitors = Math.min(count, VISITORS)
      await app.welcome(visitors)
      held += visitors - welcomed
      welcomed = visitors
      await add(count - held)
      held = count
      const timers = new Map(VERBS.map((verb) => [`${name}, ${verb}/${count}`, (ms: number) => app.time(verb, ms)]))
      for (const [point, micros] of await overheads(timers, turns)) addPoint(series, point, micros)
    }
    await stop()
  }
  return Array.from(series.values())
}

function addPoint(series: Map<string, Series>, place: string, micros: number): void {
  const [name, x] = place.split('/')
  const own = series.get(name) ?? { name, points: [] }
  series.set(name, own)
  own.points.push({ x: Number(x), y: Math.max(micros, 0.1) })
}

/** With y = c · x^exponent, the exponent is the slope where both axes are logarithmic. */
function exponentOf({ points }: Series): string {
  return slope(points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }))).toFixed(2)
}

function table(title: string, all: Series[]): string {
  const xs = Array.from(new Set(all.flatMap(({ points }) => points.map(({ x }) => x)))).toSorted((a, b) => a - b)
  const lines = all.map((series) => [
    series.name,
    ...xs.map((x) => series.points.find((point) => point.x === x)?.y.toFixed(1) ?? ''),
    exponentOf(series),
  ])
  return markdown([title, ...xs.map(String), 'exponent'], lines)
}

async function main(): Promise<void> {
  const { quick, rounds } = readFlags()
  const turns = quick ? QUICK : FULL
  const taken = { ...turns, rounds: rounds ?? turns.rounds }
  const [sizes, counts] = [await bySize(taken), await byCount(taken)]
  const text = `${table('µs over bare Koa, by bytes', sizes)}\n\n${table('µs over bare Koa, by sessions', counts)}`
  const named = (all: Series[]): Series[] =>
    all.map((series) => ({ ...series, name: `${series.name} (exponent ${exponentOf(series)})` }))
  const yLabel = 'µs a request over bare Koa'
  const panels = [
    { title: 'By the size of a session', xLabel: 'bytes of JSON', yLabel, series: named(sizes) },
    { title: 'By the number of sessions', xLabel: 'sessions in the store', yLabel, series: named(counts) },
  ]
  save('growth.svg', plot(panels))
  publish('growth', text, { sizes, counts })
  console.log(text)
}

void main()
