/** Stops the clock that the library reads, and leaves every timer as it is. */
export function stopClock(now: number | string = '2030-01-01T00:00:00.000Z'): {
  advance: (milliseconds: number) => void
} {
  jest.useFakeTimers({
    now: new Date(now),
    doNotFake: [
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'requestAnimationFrame',
      'cancelAnimationFrame',
      'requestIdleCallback',
      'cancelIdleCallback',
      'setImmediate',
      'clearImmediate',
      'setInterval',
      'clearInterval',
      'setTimeout',
      'clearTimeout',
    ],
  })
  return { advance: (milliseconds) => jest.setSystemTime(Date.now() + milliseconds) }
}

/** Lets the clock run again. */
export function startClock(): void {
  jest.useRealTimers()
}
