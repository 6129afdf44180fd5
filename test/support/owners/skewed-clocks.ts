import { AsyncLocalStorage } from 'node:async_hooks'

/** How far the clocks of the process that this code stands for are ahead, in milliseconds. */
const ahead = new AsyncLocalStorage<number>()

/** From here on, {@link withClock} counts; returns what ends that. */
export function skewClocks(): () => void {
  // No spies of jest: they remember every call, and a campaign makes millions.
  const clocks: { now: () => number }[] = [Date, performance]
  const restoring = clocks.map((clock) => {
    const before = Object.getOwnPropertyDescriptor(clock, 'now')
    const now = clock.now.bind(clock)
    clock.now = () => now() + (ahead.getStore() ?? 0)
    return () => {
      if (before) Object.defineProperty(clock, 'now', before)
      else Reflect.deleteProperty(clock, 'now')
    }
  })
  return () => {
    for (const restore of restoring) restore()
  }
}

/** Does the work as a process whose clocks, the wall clock and the monotonic one, are so far ahead. */
export function withClock<T>(milliseconds: number, work: () => T): T {
  return ahead.run(milliseconds, work)
}

/** A store in memory stands for a server: it has one clock, whichever process calls it. */
export function onOneClock<T extends object>(store: T): T {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => ahead.run(0, () => Reflect.apply(member, target, args) as unknown)
    },
  })
}
