import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { IMPLEMENTATIONS } from './implementations'
import type { Scenario } from './scenarios'

/** What an implementation costs over its bare framework. */
export interface Cost {
  name: string
  /** The median overhead of a request, in microseconds. */
  micros: number
  /** The median of its shares of the reference's overhead, round by round. */
  ratio: number
}

export interface Turns {
  rounds: number
  /** How long a turn takes, in milliseconds. */
  ms: number
}

/** Runs the implementations of a scenario in a process each, in turns, and compares their overheads within each round. */
export async function measure(scenario: Scenario, names: string[], { rounds, ms }: Turns): Promise<Cost[]> {
  const bases = names.map((name) => IMPLEMENTATIONS[name].base)
  const all = Array.from(new Set([...bases, ...names]))
  const children = all.map((name) => start(name, scenario.name))
  try {
    await Promise.all(children.map(next))
    const overheads = names.map((): number[] => [])
    for (let round = 0; round < rounds; round++) {
      const times = new Map<string, number>()
      for (let turn = 0; turn < all.length; turn++) {
        const index = (round + turn) % all.length
        children[index].send(ms)
        times.set(all[index], await next(children[index]))
      }
      names.forEach((name, index) => overheads[index].push(Number(times.get(name)) - Number(times.get(bases[index]))))
    }
    const reference = overheads[names.indexOf(scenario.reference)]
    return names.map((name, index) => ({
      name,
      micros: median(overheads[index]),
      ratio: median(overheads[index].map((micros, round) => micros / reference[round])),
    }))
  } finally {
    for (const child of children) child.kill()
  }
}

export function median(values: number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function start(name: string, scenario: string): ChildProcess {
  const env = { ...process.env, NODE_ENV: 'production' }
  return fork(join(__dirname, 'child.js'), [name, scenario], { env })
}

/** The next message of a child; fails where it ends instead. */
function next(child: ChildProcess): Promise<any> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error(`${child.spawnargs.slice(-2).join(' in ')}: the process ended`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message)
    })
  })
}
