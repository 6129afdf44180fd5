import { disregard } from '../../base/awaitable'
import { SessionError } from '../../base/errors'
import { dataOf, isDuration, MAX_LIFETIME, type Dictionary, type LifetimePolicy } from '../../session/record'

/** A time in milliseconds, or a function of the session's data; undefined for none. */
export type Timeout<Data extends object> = number | ((data: Data) => number | null | undefined)

/** Makes what tells the timeouts of a session by its data, or by its record. */
export function policyFrom({
  idleTimeout,
  absoluteTimeout,
}: {
  idleTimeout?: Timeout<Dictionary>
  absoluteTimeout?: Timeout<Dictionary>
}): (data: object) => LifetimePolicy {
  if (typeof idleTimeout !== 'function' && typeof absoluteTimeout !== 'function') {
    const policy = Object.freeze({ idleTimeout, absoluteTimeout })
    return () => policy
  }
  return (data) => ({
    idleTimeout: timeoutOf('idleTimeout', idleTimeout, data),
    absoluteTimeout: timeoutOf('absoluteTimeout', absoluteTimeout, data),
  })
}

function timeoutOf(name: string, timeout: Timeout<Dictionary> | undefined, data: object): number | undefined {
  if (typeof timeout !== 'function') return timeout
  const value: unknown = timeout(dataOf(data)) ?? undefined
  if (value === undefined || (isDuration(value) && value <= MAX_LIFETIME)) return value
  disregard(value)
  throw new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `The option "${name}" returned ${typeof value === 'number' ? value : `a value of type ${typeof value}`}. It returns a ` +
      'positive number of milliseconds, 400 days at most; or undefined where there is no such bound.',
  )
}
