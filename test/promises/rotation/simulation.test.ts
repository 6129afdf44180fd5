import { startClock, stopClock } from '../../support/clock'
import {
  MINUTE,
  randomFrom,
  Simulation,
  type Circumstances,
  type Run,
  type Thief,
} from '../../support/races/rotation-simulation'

/** `npm run simulate:rotation` lets so many browsers work in each row, and prints what came of it; the suite lets a few. */
const BROWSERS = Number(process.env.SIMULATED_BROWSERS ?? 6)
const isPrinted = process.env.SIMULATED_BROWSERS !== undefined
/** A thief may be noticed by nobody within what is simulated; among many that is rare. */
const FEW = 0.002

const minutes = (from: number, to: number) => (random: () => number) => (from + (to - from) * random()) * MINUTE

const THIEVES: (Thief & { isNoticed: boolean })[] = [
  { name: 'polls each minute', takes: true, pause: minutes(1, 1), isNoticed: true },
  { name: 'keeps the first token, and comes each minute', takes: false, pause: minutes(1, 1), isNoticed: true },
  { name: 'takes nothing, and asks every thirty seconds', takes: false, pause: minutes(0.5, 0.5), isNoticed: true },
  { name: 'takes nothing, and asks each second', takes: false, pause: minutes(1 / 60, 1 / 60), isNoticed: true },
  { name: 'waits up to half an hour', takes: true, waits: minutes(0, 30), pause: minutes(1, 1), isNoticed: true },
  { name: 'comes each twenty minutes', takes: true, pause: minutes(20, 20), isNoticed: true },
  { name: 'sends bodies of 64 KB only', takes: true, isSlow: true, pause: minutes(1, 1), isNoticed: false },
]

const HONEST: [title: string, circumstances: Circumstances][] = [
  ['no answer lost', { lost: 0 }],
  ['0.1 % of answers lost', { lost: 0.001 }],
  ['1 % of answers lost', { lost: 0.01 }],
  ['20 % of answers lost', { lost: 0.2 }],
  ['1 % lost, and rolling', { lost: 0.01, options: { rolling: true } }],
  ['1 % lost, and 1 % of pages confirm', { lost: 0.01, confirms: 0.01 }],
  ['1 % lost, and 1 % uploads of up to five minutes', { lost: 0.01, uploads: 0.01 }],
]

beforeEach(() => void stopClock())

afterEach(() => {
  jest.restoreAllMocks()
  startClock()
})

async function simulate(circumstances: Circumstances, seed: number): Promise<Run[]> {
  const random = randomFrom(seed)
  jest.spyOn(Math, 'random').mockImplementation(random)
  const simulation = new Simulation(circumstances, random)
  const runs: Run[] = []
  for (let count = 0; count < BROWSERS; count++) runs.push(await simulation.run())
  return runs
}

function print(title: string, figures: object): void {
  if (isPrinted) process.stdout.write(`${title}: ${BROWSERS} browsers, ${JSON.stringify(figures)}\n`)
}

/** The value that so large a part of all is not above. */
function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0) / 100) / 10
}

test.each(HONEST)(
  'R114: browsers that work for hours without a thief stay signed in: %s',
  async (title, circumstances) => {
    const runs = await simulate(circumstances, 1)
    const isOut = runs.filter((run) => run.isOut || run.replays > 0).length
    const writes = runs.reduce((sum, run) => sum + run.writes, 0) / runs.length
    print(title, { isOut, writesAnHour: writes.toFixed(1) })
    expect(isOut).toBe(0)
  },
  3 * 3600 * 1000,
)

test.each(THIEVES.map((thief) => [thief.name, thief] as const))(
  'R115: a copy of a cookie is noticed, told once, and both are out: a thief who %s',
  async (title, thief) => {
    const runs = await simulate({ lost: 0.001, thief }, 2)
    const noticed = runs.filter(({ replays }) => replays === 1)
    const after = noticed.map(({ noticedAfter = 0 }) => noticedAfter)
    const access = runs.map((run) => run.access)
    const seconds = (values: number[]): number[] => [0.5, 0.95, 1].map((part) => quantile(values, part))
    print(title, { noticed: noticed.length, secondsToNotice: seconds(after), secondsOfAccess: seconds(access) })
    expect(runs.filter(({ replays }) => replays > 1)).toEqual([])
    expect(noticed.filter(({ areBothOut }) => !areBothOut)).toEqual([])
    if (thief.isNoticed) expect(noticed.length).toBeGreaterThanOrEqual(runs.length * (1 - FEW))
    // Not a minute longer than two periods and what requests that are under way take, for any thief.
    expect(Math.max(...access)).toBeLessThan(45 * MINUTE)
  },
  3 * 3600 * 1000,
)
