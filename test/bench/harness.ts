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
  /** The median of its shares of the reference's overhead, round by round. */
  ratio: number
}

/** Runs the implementations of a scenario in a process each, in turns, and compares their overheads within each round. */
export async function measure(
  scenario: Scenario,
  names: string[],
  { rounds, ms, warmUp, clock }: Turns,
): Promise<Cost[]> {
  const all = Array.from(new Set([...names.map((name) => IMPLEMENTATIONS[name].base), ...names]))
  const children = new Map(all.map((name) => [name, start('child.js', [name, scenario.name, warmUp])]))
  try {
    await Promise.all(Array.from(children.values(), next))
    const times = await takeTurns(all, rounds, (name) => {
      const child = children.get(name)
      child?.send(ms)
      return next(child!) as Promise<Times>
    })
    const overheads = (name: string): number[] =>
      times.map((round) => round.get(name)![clock] - round.get(IMPLEMENTATIONS[name].base)![clock])
    const reference = overheads(scenario.reference)
    return names.map((name) => ({
      name,
      micros: median(overheads(name)),
      ratio: median(overheads(name).map((micros, round) => micros / reference[round])),
    }))
  } finally {
    for (const child of children.values()) child.kill()
  }
}
