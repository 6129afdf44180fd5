/** Seconds since the process began. The fake timers of jest, sinon and vitest replace `performance` and `process.hrtime`, and leave this. */
const { uptime } = process

/** Milliseconds of a clock that only goes forward: for spans of time, whatever happens to the machine's clock meanwhile. */
export function monotonic(): number {
  return uptime() * 1000
}
