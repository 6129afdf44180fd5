import { isPromise, type Awaitable } from '../base/awaitable'
import { Deadlines } from '../base/deadlines'
import { SessionError } from '../base/errors'
import { redact } from '../base/redact'

/** What a store says that was written for express-session: it waits for a function to be called with its answer. */
const WANTS_CALLBACK = /^(cb|callback|done|fn|next) is not a function/

/**
 * Calls a store: what it throws is a {@link SessionError}, and an answer that is late is an error and then dropped.
 *
 * Its cause opens no session and holds no data, whatever a driver puts into its errors.
 */
export class StoreGuard {
  readonly #deadlines: Deadlines

  /** @param timeout how long an answer may take, in milliseconds */
  constructor(timeout: number) {
    this.#deadlines = new Deadlines(timeout, () => noAnswer(timeout))
  }

  /** @param key the record's: it stands in no error */
  call<T>(work: () => Awaitable<T>, key = ''): Awaitable<T> {
    let answer: Awaitable<T>
    try {
      answer = work()
    } catch (error) {
      throw storeError(error, key)
    }
    return isPromise(answer) ? this.#deadlines.race(answer, (error) => storeError(error, key)) : answer
  }
}

function noAnswer(timeout: number): Error {
  return Object.assign(new Error(`no answer within ${timeout} ms`), { code: 'ETIMEDOUT' })
}

function storeError(error: unknown, key: string): SessionError {
  if (error instanceof SessionError) {
    if (error.cause !== undefined) error.cause = redact(error.cause, [key])
    return error
  }
  const cause = redact(error, [key])
  const hint = WANTS_CALLBACK.test((error as Error | undefined)?.message ?? '')
    ? 'It seems to be written for express-session: pass fromExpressStore(store).'
    : 'See that its server is up, and try again.'
  return new SessionError(
    'ERR_SESSION_STORE',
    `The session store failed; its error is the cause of this one. ${hint}`,
    {
      status: 503,
      cause,
    },
  )
}
