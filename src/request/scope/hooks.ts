import { AsyncLocalStorage } from 'node:async_hooks'
import { SessionError } from '../../base/errors'

const running = new AsyncLocalStorage<object>()

/** Runs a hook of a request's session, which must not wait for what waits for it. */
export function inHook<T>(scope: object, hook: () => T): T {
  return running.run(scope, hook)
}

/** What is called right now: the hooks that are asked too often for anything dearer. */
let called: object | undefined

/** Calls a hook that returns at once. */
export function inCall<T>(scope: object, hook: () => T): T {
  const before = called
  called = scope
  try {
    return hook()
  } finally {
    called = before
  }
}

export function isInHook(scope: object): boolean {
  return called === scope || running.getStore() === scope
}

/** @throws {SessionError} `ERR_SESSION_NESTED` within a hook of the same request */
export function refuseInHook(scope: object): void {
  if (isInHook(scope)) throw nested('in a hook such as "beforeSave"', 'Leave the writing to the commit.')
}

/** The error of a verb that would wait for itself. */
export function nested(where: string, cure: string): SessionError {
  return new SessionError(
    'ERR_SESSION_NESTED',
    `A session was to be written or ended ${where}, while it is being written. ${cure}`,
  )
}
