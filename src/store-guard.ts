import { isPromise, type Awaitable } from './contracts/awaitable'
import { SessionError } from './errors'

/** Calls a store: what it throws is a {@link SessionError}, and an answer that is late is an error and then dropped. */
export class StoreGuard {
  readonly #timeout: number | undefined

  /** @param timeout how long an answer may take, in milliseconds; without it, any time */
  constructor(timeout: number | undefined) {
    this.#timeout = timeout
  }

  call<T>(work: () => Awaitable<T>): Awaitable<T> {
    let answer: Awaitable<T>
    try {
      answer = work()
    } catch (error) {
      throw storeError(error)
    }
    return isPromise(answer) ? this.#inTime(answer) : answer
  }

  async #inTime<T>(answer: PromiseLike<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      if (this.#timeout === undefined) return
      timer = setTimeout(() => reject(new Error(`no answer within ${this.#timeout} ms`)), this.#timeout)
    })
    try {
      return await (this.#timeout === undefined ? answer : Promise.race([answer, late]))
    } catch (error) {
      throw storeError(error)
    } finally {
      clearTimeout(timer)
    }
  }
}

function storeError(cause: unknown): SessionError {
  if (cause instanceof SessionError) return cause
  return new SessionError(
    'ERR_SESSION_STORE',
    'The session store failed; its error is the cause of this one. See that its server is up, and try again.',
    { status: 503, cause },
  )
}
