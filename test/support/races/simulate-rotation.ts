import { fork, type ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { complaintsOf, figuresOf, HONEST_ROWS, randomOf, simulate, THIEF_ROWS } from './rotation-rows'
import type { Run } from './rotation-simulation'

/**
 * `npm run simulate:rotation`: the rows of the simulation, in processes of their own, as a test framework makes each step two to
 * three times as slow. All rows get on alike, so that what is printed is whole however early it is stopped.
 */

const BROWSERS = Number(process.env.BROWSERS ?? 20_000)
/** So many browsers of each row were simulated before: a run that was stopped goes on there. */
const FROM = Number(process.env.FROM ?? 0)
const PROCESSES = Number(process.env.PROCESSES ?? availableParallelism())
/** So many browsers of a row work at a time. */
const BLOCK = Math.min(Number(process.env.BLOCK ?? 1000), BROWSERS)
const ROWS = [...HONEST_ROWS, ...THIEF_ROWS]

interface Task {
  row: number
  block: number
  count: number
}

interface Done extends Task {
  runs: Run[]
}

/** The process that hands out the work, and prints what came of it. */
function lead(): void {
  const tasks: Task[] = []
  for (let block = Math.ceil(FROM / BLOCK); block * BLOCK < BROWSERS; block++) {
    const count = Math.min(BLOCK, BROWSERS - block * BLOCK)
    tasks.push(...ROWS.map((_, row) => ({ row, block, count })))
  }
  const all = ROWS.map((): Run[] => [])
  for (let number = 0; number < Math.min(PROCESSES, tasks.length); number++) {
    const worker = fork(__filename, { env: { ...process.env, IS_WORKER: '1' } })
    worker.on('message', ({ row, block, runs }: Done) => {
      all[row].push(...runs)
      const { title } = ROWS[row]
      for (const complaint of complaintsOf(ROWS[row], runs)) report(`${title}, block ${block}: ${complaint}`)
      console.log(`${title}: ${all[row].length} browsers, ${JSON.stringify(figuresOf(ROWS[row], all[row]))}`)
      giveWork(worker, tasks)
    })
    worker.on('exit', (code) => code && report(`a process has ended with ${code}`))
    giveWork(worker, tasks)
  }
}

function report(what: string): void {
  console.error(what)
  process.exitCode = 1
}

function giveWork(worker: ChildProcess, tasks: Task[]): void {
  const task = tasks.shift()
  if (task) worker.send(task)
  else worker.disconnect()
}

/** A process that does it, by a clock of its own. */
function work(): void {
  let now = Date.now()
  Date.now = () => now
  process.on('message', ({ row, block, count }: Task) => {
    const random = randomOf(ROWS[row], block)
    Math.random = random
    void simulate(ROWS[row], { count, random, setTime: (at) => (now = at) }).then((runs) =>
      process.send?.({ row, block, runs }),
    )
  })
}

if (process.env.IS_WORKER === '1') work()
else lead()
