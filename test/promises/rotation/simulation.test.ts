import { startClock, stopClock } from '../../support/clock'
import { complaintsOf, HONEST_ROWS, randomOf, simulate, THIEF_ROWS, type Row } from '../../support/races/rotation-rows'

/** `npm run simulate:rotation` lets many browsers work in each row, and prints what came of it; the suite lets a few. */
const BROWSERS = 6

const titled = (rows: Row[]): [string, Row][] => rows.map((row) => [row.title, row])

beforeEach(() => void stopClock())

afterEach(() => {
  jest.restoreAllMocks()
  startClock()
})

async function complaintsAbout(row: Row): Promise<string[]> {
  const random = randomOf(row, 0)
  jest.spyOn(Math, 'random').mockImplementation(random)
  const runs = await simulate(row, { count: BROWSERS, random, setTime: (at) => void jest.setSystemTime(at) })
  return complaintsOf(row, runs)
}

test.each(titled(HONEST_ROWS))(
  'R114: browsers that work for hours without a thief stay signed in: %s',
  async (_title, row) => {
    expect(await complaintsAbout(row)).toEqual([])
  },
)

test.each(titled(THIEF_ROWS))(
  'R115: a copy of a cookie is noticed, told once, and both are out: a thief who %s',
  async (_title, row) => {
    expect(await complaintsAbout(row)).toEqual([])
  },
)
