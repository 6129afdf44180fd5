import { isPromise } from '../base/awaitable'
import { SessionError } from '../base/errors'
import type { Store } from '../contracts/store'

/** What every store has. */
const METHODS = ['get', 'set', 'destroy'] as const
/** Methods that every store of express-session has from its base class. */
const INHERITED = ['createSession', 'regenerate', 'load']
/** The second parameter of a `get` of express-session, as people name it. */
const TAKES_CALLBACK = /^(?:async\s+)?(?:function\s*)?\w*\s*\(\s*\w+\s*,\s*(?:cb|callback|done|fn|next)\s*\)/

/**
 * A store that calls back never gives an answer here, or ends the process when it calls what is no function.
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS`
 */
export function refuseCallbackStore(store: Store): void {
  const { get } = store as Partial<Store>
  const methods = store as unknown as Record<string, unknown>
  const isExpress = INHERITED.every((name) => typeof methods[name] === 'function')
  if (!isExpress && !(get?.length === 2 && TAKES_CALLBACK.test(Function.prototype.toString.call(get)))) return
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    'The option "store" is a store of express-session, which calls back. Pass fromExpressStore(store).',
  )
}

/**
 * What a container or a class builds is not seen before.
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS`
 */
export function refuseNoStore(built: Store): void {
  const found = built as Partial<Store> | null | undefined
  if (METHODS.every((name) => typeof found?.[name] === 'function')) return
  const what = isPromise(built as unknown) ? 'a promise: build it before, and pass what it resolves to' : 'none'
  throw new SessionError(
    'ERR_SESSION_OPTIONS',
    `What was built as the store of the sessions is ${what}. A store is an object with the methods get, set and destroy.`,
  )
}
