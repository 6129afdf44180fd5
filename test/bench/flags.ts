/** What a benchmark was asked for on the command line. */
export interface Flags {
  /** Fewer and shorter slices, and no peers. */
  quick: boolean
  /** Only the parts whose name holds this text. */
  only: string
  /** How many turns each process has. */
  rounds: number | undefined
  /** Counts the time by the clock, not the processor's. */
  wall: boolean
  /** How many requests the soak makes. */
  soak: number | undefined
  /** How many sessions a store is filled with, one after the other. */
  sizes: number[] | undefined
}

export function readFlags(args = process.argv.slice(2)): Flags {
  const valueOf = (name: string): string | undefined =>
    args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3)
  const numberOf = (name: string): number | undefined => {
    const value = valueOf(name)
    return value === undefined ? undefined : wholeNumber(name)(value)
  }
  return {
    quick: args.includes('--quick'),
    wall: args.includes('--wall'),
    only: valueOf('only') ?? '',
    rounds: numberOf('rounds'),
    soak: numberOf('soak'),
    sizes: valueOf('sizes')?.split(',').map(wholeNumber('sizes')),
  }
}

function wholeNumber(name: string): (value: string) => number {
  return (value) => {
    if (/^[1-9]\d*$/.test(value)) return Number(value)
    throw new Error(`--${name} takes a whole number, not ${value}.`)
  }
}
