import type { Times } from './exchange'

/** How often every implementation has its turn, and how long. */
export interface Turns {
  /** How often every implementation is begun anew, in a process of its own. */
  generations: number
  /** How many turns each process has. */
  rounds: number
  /** The length of a turn, in milliseconds. */
  ms: number
  /** How many requests a process makes before its times count. */
  warmUp: number
  /** Which time counts: on a machine that others use too, the processor's is the steadier one. */
  clock: keyof Times
}

/**
 * Gives each of `names` a turn in every round, beginning with another one each time; answers what the turns answered,
 * round by round.
 */
export async function takeTurns<Result>(
  names: readonly string[],
  rounds: number,
  turn: (name: string) => Promise<Result>,
): Promise<Map<string, Result>[]> {
  const results: Map<string, Result>[] = []
  for (let round = 0; round < rounds; round++) {
    const result = new Map<string, Result>()
    for (let place = 0; place < names.length; place++) {
      const name = names[(round + place) % names.length]
      result.set(name, await turn(name))
    }
    results.push(result)
  }
  return results
}
