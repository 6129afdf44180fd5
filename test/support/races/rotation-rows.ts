import { MINUTE, randomFrom, Simulation, type Circumstances, type Run, type Thief } from './rotation-simulation'

/** A thief may be noticed by nobody within what is simulated; among many that is rare. */
const FEW = 0.002

/** Browsers in the same circumstances: what is to be true of each, and the figures of all. */
export interface Row {
  readonly title: string
  readonly circumstances: Circumstances
  /** A copy is noticed; undefined where nobody's cookie is stolen. */
  readonly isNoticed?: boolean
}

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

export const HONEST_ROWS: Row[] = [
  { title: 'no answer lost', circumstances: { lost: 0 } },
  { title: '0.1 % of answers lost', circumstances: { lost: 0.001 } },
  { title: '1 % of answers lost', circumstances: { lost: 0.01 } },
  { title: '20 % of answers lost', circumstances: { lost: 0.2 } },
  { title: '1 % lost, and rolling', circumstances: { lost: 0.01, options: { rolling: true } } },
  { title: '1 % lost, and 1 % of pages confirm', circumstances: { lost: 0.01, confirms: 0.01 } },
  { title: '1 % lost, and 1 % uploads of up to five minutes', circumstances: { lost: 0.01, uploads: 0.01 } },
]

export const THIEF_ROWS: Row[] = THIEVES.map(({ isNoticed, ...thief }) => ({
  title: thief.name,
  circumstances: { lost: 0.001, thief },
  isNoticed,
}))

/** Lets so many browsers work, one after the other, by a clock that `setTime` sets. `Math.random` is to be `random` meanwhile. */
export async function simulate(
  { circumstances }: Row,
  { count, random, setTime }: { count: number; random: () => number; setTime: (at: number) => void },
): Promise<Run[]> {
  const simulation = new Simulation(circumstances, random, setTime)
  const runs: Run[] = []
  for (let number = 0; number < count; number++) runs.push(await simulation.run())
  return runs
}

/** The numbers of a row's browsers: other ones in each block of them. */
export function randomOf(row: Row, block: number): () => number {
  return randomFrom((row.isNoticed === undefined ? 1 : 2) + 2 * block)
}

/** What is not as it is to be; empty where all is well. */
export function complaintsOf({ isNoticed }: Row, runs: readonly Run[]): string[] {
  const count = (what: string, is: (run: Run) => boolean): string[] => {
    const { length } = runs.filter(is)
    return length === 0 ? [] : [`${length} ${what}`]
  }
  if (isNoticed === undefined) return count('signed out by mistake', (run) => run.isOut || run.replays > 0)
  const noticed = runs.filter(({ replays }) => replays === 1)
  const isSeldom = isNoticed && noticed.length < runs.length * (1 - FEW)
  return [
    ...count('told more than once', ({ replays }) => replays > 1),
    ...count('told, and not both out', ({ replays, areBothOut }) => replays === 1 && !areBothOut),
    ...(isSeldom ? [`${runs.length - noticed.length} not noticed`] : []),
    // Not a minute longer than two periods and what requests that are under way take, for any thief.
    ...count('with access for too long', ({ access }) => access >= 45 * MINUTE),
  ]
}

/** The figures of the page about rotation. */
export function figuresOf({ isNoticed }: Row, runs: readonly Run[]): object {
  if (isNoticed === undefined) {
    const writes = runs.reduce((sum, run) => sum + run.writes, 0) / runs.length
    return { isOut: runs.filter((run) => run.isOut || run.replays > 0).length, writesAnHour: writes.toFixed(1) }
  }
  const noticed = runs.filter(({ replays }) => replays === 1)
  const seconds = (values: number[]): number[] => [0.5, 0.95, 1].map((part) => quantile(values, part))
  return {
    noticed: noticed.length,
    secondsToNotice: seconds(noticed.map(({ noticedAfter = 0 }) => noticedAfter)),
    secondsOfAccess: seconds(runs.map(({ access }) => access)),
  }
}

/** The value that so large a part of all is not above. */
function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0) / 100) / 10
}
