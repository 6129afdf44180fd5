const { now } = performance
const real = now.bind(performance)

/** Milliseconds of a clock that only goes forward: for spans of time, whatever happens to the machine's clock meanwhile. */
export function monotonic(): number {
  return real()
}
