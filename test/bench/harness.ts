import type { Times } from './exchange'
import { IMPLEMENTATIONS } from './implementations'
import { next, start } from './processes'
import type { Scenario } from './scenarios'
import { median } from './statistics'
import { takeTurns, type Turns } from './turns'

/** What an implementation costs over its bare framework. */
export interface Cost {
  name: string
  /** The median overhead of a request, in microseconds. */
  micros: number
  /** The median of its shares of the reference's overhead, from one generation of processes to the next. */
  ratio: number
}

/**
 * Runs the implementations of a scenario in a process each, in turns; and again in new processes, as one is compiled and laid out
 * in memory otherwise than the next. Of a process's slices the least counts: what else the machine does only makes them longer.
 */
export async function measure(scenario: Scenario, names: string[], turns: Turns): Promise<Cost[]> {
  const all = Array.from(new Set([...names.map((name) => IMPLEMENTATIONS[name].base), ...names]))
  const generations: Map<string, number>[] = []
  while (generations.length < turns.generations) generations.push(await leastTimes(scenario, all, turns))
  const overheads = (name: string): number[] =>
    generations.map((least) => least.get(name)! - least.get(IMPLEMENTATIONS[name].base)!)
  const reference = overheads(scenario.reference)
  return names.map((name) => ({
    name,
    micros: median(overheads(name)),
    ratio: median(overheads(name).map((micros, generation) => micros / reference[generation])),
  }))
}

/** The time of a request in the shortest of a new process's slices, by implementation. */
async function leastTimes(
  scenario: Scenario,
  names: string[],
  { rounds, ms, warmUp, clock }: Turns,
): Promise<Map<string, number>> {
  const children = new Map(names.map((name) => [name, start('child.js', [name, scenario.name, warmUp])]))
  try {
    await Promise.all(Array.from(children.values(), next))
    const times = await takeTurns(names, rounds, (name) => {
      const child = children.get(name)
      child?.send(ms)
      return next(child!) as Promise<Times>
    })
    return new Map(names.map((name) => [name, Math.min(...times.map((round) => round.get(name)![clock]))]))
  } finally {
    for (const child of children.values()) child.kill()
  }
}
