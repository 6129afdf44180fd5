import fc, { type Arbitrary } from 'fast-check'
import { EVENED } from './differences'
import { koaSessionSide } from './koa-session-side'
import type { Observation } from './observe'
import type { Plan } from './plan'
import { run } from './run'
import { here, type Side } from './sides'
import { World } from './world'

/** How a plan's requests went. */
type Trace = string[]

/** Runs a plan on one of the libraries, or on one after the other. */
export function trace(plan: Plan, sideOf: (index: number) => Side, evened = EVENED): Promise<Trace> {
  const hasMemoryStore = plan.backend === 'MemoryStore' && sideOf(0) === here
  return run(new World(plan, evened, { hasMemoryStore }), sideOf)
}

/** Runs a plan on both libraries, and expects them to agree; answers what was seen. */
export async function expectAgreement(plan: Plan): Promise<Trace> {
  const theirs = await trace(plan, () => koaSessionSide)
  expectSame(await trace(plan, () => here), theirs)
  return theirs
}

/** Expects the requests to have gone the same way, and shows the first one that did not. */
export function expectSame(ours: Trace, theirs: Trace): void {
  const index = theirs.findIndex((text, at) => text !== ours[at])
  if (index >= 0) expect({ index, ...JSON.parse(ours[index]) }).toEqual({ index, ...JSON.parse(theirs[index]) })
}

/**
 * Half of the sequences are the same every time, and half are new every day; the day's seed stands in each line that is
 * printed. `SEED=20455 npx jest test/world/differential` repeats a day, or tries another set.
 */
const SEEDS = process.env.SEED === undefined ? [1, today()] : [Number(process.env.SEED)]

/** The days since 1970, by the clock of the machine: a test may have stopped the other one. */
function today(): number {
  return Math.floor((performance.timeOrigin + performance.now()) / (24 * 60 * 60 * 1000))
}

/** The suite tries a fifth of all sequences; `npm run campaign` tries them all, which are ten thousand and more. */
const SHARE = process.env.SEQUENCES === 'all' ? 1 : 0.2
/** How long sequences are tried at most, in milliseconds: a machine that is busy tries fewer. */
const TIME = 120_000 * SHARE

/** How many sequences of each seed are tried at least, however busy the machine is. */
const LEAST = process.env.CI === 'true' ? 50 : 10

/** Tries so many sequences, or the share of them that is wanted, over all seeds. One that has begun is never left in the middle: it would move the clock of the next. */
export async function tryMany(arbitrary: Arbitrary<Plan>, sequences: number, one: (plan: Plan) => Promise<void>) {
  for (const seed of SEEDS) {
    const end = performance.now() + TIME / SEEDS.length
    let tried = 0
    const inTime = async (plan: Plan): Promise<void> => {
      if (tried++ < LEAST || performance.now() < end) await one(plan)
    }
    await fc.assert(fc.asyncProperty(arbitrary, inTime), { numRuns: (sequences * SHARE) / SEEDS.length, seed })
    expect(tried).toBeGreaterThanOrEqual(LEAST)
  }
}

/** Runs as many plans on both libraries, and tells in a line how many requests agreed. */
export async function expectManyToAgree(arbitrary: Arbitrary<Plan>, sequences: number): Promise<Tally> {
  const tally = new Tally()
  await tryMany(arbitrary, sequences, async (plan) => tally.add(await expectAgreement(plan)))
  const line = `koa-session agrees in ${tally.sequences} sequences, seeds ${SEEDS.join(' and ')}`
  process.stdout.write(`R6: ${line}: ${JSON.stringify(tally.counts)}\n`)
  return tally
}

/** Counts what sequences have come to, so that agreeing on nothing does not pass for agreement. */
class Tally {
  sequences = 0
  readonly counts: Record<string, number> = {}

  add(requests: Trace): void {
    this.sequences++
    for (const text of requests) {
      const { status, lines, contents, events } = JSON.parse(text) as Observation
      this.#count('requests')
      this.#count(`status ${status}`)
      if (contents.length > 0) this.#count('requests with records')
      if (lines.some((line) => !line.includes('=;'))) this.#count('cookies set')
      if (lines.some((line) => line.includes('=;'))) this.#count('cookies cleared')
      for (const [name] of events as [string][]) this.#count(name)
    }
  }

  /** Which of these happened in fewer than one of sixty sequences. */
  rare(...what: string[]): string[] {
    return what.filter((name) => (this.counts[name] ?? 0) < this.sequences / 60)
  }

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }
}
