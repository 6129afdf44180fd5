import { AsyncLocalStorage } from 'node:async_hooks'
import { isPromise } from '../../base/awaitable'
import { SessionError } from '../../base/errors'

/** A hook that runs, from its call until what it returns is settled. */
interface Run {
  readonly scope: object
  /** The hook that it runs in. */
  readonly outer: Run | undefined
}

const running = new AsyncLocalStorage<Run>()
/** What a hook has begun and not waited for outlives it, and is no part of it any more. */
const live = new WeakSet<Run>()

/** Runs a hook of a request's session, which must not wait for what waits for it. */
export function inHook<T>(scope: object, hook: () => T): T {
  const run: Run = { scope, outer: running.getStore() }
  const end = (): boolean => live.delete(run)
  live.add(run)
  try {
    const result = running.run(run, hook)
    if (!isPromise(result)) {
      end()
      return result
    }
    // What only looks like a promise may begin its work whenever it is asked: it is asked once.
    const settling = Promise.resolve(result)
    settling.then(end, end)
    return settling as T
  } catch (error) {
    end()
    throw error
  }
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
  if (called === scope) return true
  for (let run = running.getStore(); run; run = run.outer) if (run.scope === scope && live.has(run)) return true
  return false
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
