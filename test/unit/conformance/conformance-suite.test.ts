import { AssertionError } from 'node:assert'
import { MemoryStore } from 'koa-session-service'
import { startClock, stopClock } from '../../support/clock'
import { stopMonotonic } from '../../support/monotonic-clock'
import { FAULTS, Refusal } from './faults'
import { testsFor, withFault, type ConformanceTest } from './suite'

/** A wait of the suite: the clocks go on, and nobody waits. */
let mockWait: (milliseconds: number) => unknown
jest.mock('node:timers/promises', () => ({
  setTimeout: async (milliseconds: number) => {
    mockWait(milliseconds)
    await new Promise(setImmediate)
  },
}))

beforeEach(() => {
  const clocks = [stopClock(), stopMonotonic()]
  mockWait = (milliseconds) => clocks.forEach((clock) => clock.advance(milliseconds))
})
afterEach(() => {
  startClock()
  jest.restoreAllMocks()
})

/** What a test of the suite has to say: that a store passes, is wrong, or refuses what it should take. Nothing else may happen. */
async function outcomeOf({ run }: ConformanceTest): Promise<'passes' | 'fails'> {
  try {
    await run()
    return 'passes'
  } catch (error) {
    if (error instanceof AssertionError || error instanceof Refusal) return 'fails'
    throw error
  }
}

test('R82: a store without a fault passes every test of the conformance suite', async () => {
  for (const test of testsFor(() => new MemoryStore())) {
    expect(`${test.title}: ${await outcomeOf(test)}`).toBe(`${test.title}: passes`)
  }
})

test.each(FAULTS)('R82: a store that %s is found by "%s"', async (_does, title, make) => {
  const good = new MemoryStore()
  const [found, ...others] = testsFor(() => withFault(good, make(good))).filter((each) => each.title === title)
  expect(others).toEqual([])
  expect(await outcomeOf(found)).toBe('fails')
})

test('R82: each test of the conformance suite finds a store with a fault', () => {
  const finding = new Set(FAULTS.map(([, title]) => title))
  const titles = testsFor(() => new MemoryStore()).map(({ title }) => title)
  expect(titles.filter((title) => !finding.has(title))).toEqual([])
  expect(FAULTS.length).toBeGreaterThan(titles.length)
})
