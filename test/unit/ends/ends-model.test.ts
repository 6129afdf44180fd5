import { brokenIn, everyOrder, someOrders, type World } from './model'
import { SCENARIOS, SETTINGS, worldOf } from './scenarios'

/** `npm run model:ends` tries all orders; the suite some, always the same. */
const isWhole = Boolean(process.env.MODEL_WHOLE)
const RUNS = 40
/** Of a scenario in one setting, so many orders at most are tried one after the other. */
const MOST = 40_000

test.each(SCENARIOS)(
  'R107: R108: R110: no order of the steps opens what was ended: $title',
  ({ title, ...scenario }) => {
    let count = 0
    let last: World | undefined
    for (const setting of SETTINGS) {
      const check = (world: World, order: number[]): void => {
        count++
        last = world
        const broken = brokenIn(world)
        if (broken.length > 0) throw new Error(JSON.stringify({ title, setting, order, broken }))
      }
      const make = (): World => worldOf({ title, ...scenario }, setting)
      if (isWhole || scenario.isSmall) everyOrder(make, check, MOST)
      someOrders(make, check, { count: isWhole ? 20 * RUNS : RUNS, random: randomFrom(setting.maxStale + 1) })
    }
    expect(count).toBeGreaterThanOrEqual(SETTINGS.length * RUNS)
    expect((last?.opened.length ?? 0) + (last?.signedIn.length ?? 0)).toBeGreaterThan(0)
  },
)

/** The same numbers each time (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
