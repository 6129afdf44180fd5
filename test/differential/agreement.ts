import fc, { type Arbitrary } from 'fast-check'
import { EVENED } from './differences'
import { koaSessionSide } from './koa-session-side'
import type { Observation } from './observe'
import type { Plan } from './plan'
import { run } from './run'
import { here, type Side } from './sides'
import { World } from './world'

/** How a plan's requests went. */
export type Trace = string[]

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

/** Another seed is another set of sequences: `SEED=2 npx jest test/differential`. */
export const SEED = Number(process.env.SEED ?? 1)

/** Runs as many plans on both libraries, and tells in a line how many requests agreed. */
export async function expectManyToAgree(arbitrary: Arbitrary<Plan>, sequences: number): Promise<Tally> {
  const tally = new Tally()
  const property = fc.asyncProperty(arbitrary, async (plan) => tally.add(await expectAgreement(plan)))
  await fc.assert(property, { numRuns: sequences, seed: SEED })
  process.stdout.write(`R6: koa-session agrees in ${tally.sequences} sequences: ${JSON.stringify(tally.counts)}\n`)
  return tally
}

/** Counts what sequences have come to, so that agreeing on nothing does not pass for agreement. */
export class Tally {
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

  #count(what: string): void {
    this.counts[what] = (this.counts[what] ?? 0) + 1
  }
}
