import * as clock from '../../src/base/monotonic'

/** Sets the clock that spans of time are measured by, where no fake timers reach it. `jest.restoreAllMocks()` gives it back. */
export function stopMonotonic(): { advance: (milliseconds: number) => void } {
  let now = clock.monotonic()
  jest.spyOn(clock, 'monotonic').mockImplementation(() => now)
  return { advance: (milliseconds) => void (now += milliseconds) }
}
