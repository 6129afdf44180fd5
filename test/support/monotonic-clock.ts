import * as clock from '../../src/base/monotonic'

/** Sets the clock that spans of time are measured by, where no fake timers reach it. `jest.restoreAllMocks()` gives it back. */
export function stopMonotonic(): { advance: (milliseconds: number) => void } {
  // A whole number: with fractions, what is added comes out a little less when the difference is taken.
  let now = Math.ceil(clock.monotonic())
  jest.spyOn(clock, 'monotonic').mockImplementation(() => now)
  return { advance: (milliseconds) => void (now += milliseconds) }
}
