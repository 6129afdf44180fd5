import { SessionError } from '../base/errors'

/** A clock that a test can set forward. */
export interface FakeClock {
  /** Sets it forward, by so many milliseconds. */
  advance(ms: number): void
  /** Gives the process its own clock back. */
  stop(): void
}

let running: FakeClock | undefined

/**
 * Lets a test see sessions expire, where its runner has no clock of its own: from now on, `Date.now()` and `new Date()` in this
 * process are ahead by what it was advanced. The clock goes on running. Timers do not move, nor do the clocks of a Redis or
 * a database: they forget a record by themselves when they always would.
 *
 * jest, vitest and `node:test` have clocks of their own; take those. From `koa-session-service/testing`.
 *
 * @example
 * const clock = fakeClock()
 * const ada = await visit(sessions, { userId: 'ada' })
 * clock.advance(24 * 60 * 60 * 1000)
 * assert.equal(await ada.session(), undefined)
 * clock.stop()
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` where one is running
 */
export function fakeClock(): FakeClock {
  if (running) throw new SessionError('ERR_SESSION_OPTIONS', 'A fake clock is running. Call its stop() first.')
  const Real = globalThis.Date
  let ahead = 0
  globalThis.Date = dateOf(Real, () => Real.now() + ahead)
  const clock = {
    advance: (ms: number) => void (ahead += checked(ms)),
    stop: () => {
      if (running !== clock) return
      running = undefined
      globalThis.Date = Real
    },
  }
  return (running = clock)
}

/** The same class, but for what asks it what time it is: dates from before are dates of it too. */
function dateOf(Real: DateConstructor, now: () => number): DateConstructor {
  const fake: DateConstructor = new Proxy(Real, {
    get: (target, name) => (name === 'now' ? now : (Reflect.get(target, name) as unknown)),
    apply: () => new Real(now()).toString(),
    construct: (target, given: unknown[], type) =>
      Reflect.construct(target, given.length > 0 ? given : [now()], type === fake ? target : type) as Date,
  })
  return fake
}

function checked(ms: number): number {
  if (Number.isFinite(ms) && ms >= 0) return ms
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `clock.advance() was given ${String(ms)}. It takes a number of milliseconds: time goes forward.`,
  )
}
