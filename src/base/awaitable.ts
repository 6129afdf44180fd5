/** A value, or a promise of it. */
export type Awaitable<T> = T | PromiseLike<T>

export function isPromise<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function'
}

/**
 * Calls `next` with the value: at once where it is there, later where it is a promise. Of somebody else's, `then` may return
 * nothing; it is called once.
 */
export function andThen<T, U>(value: Awaitable<T>, next: (value: T) => Awaitable<U>): Awaitable<U> {
  return isPromise(value) ? Promise.resolve(value).then(next) : next(value)
}

/** Lets what nobody waits for fail: where it is a promise, that does not end the process. */
export function disregard(value: unknown): void {
  if (isPromise(value)) value.then(undefined, () => undefined)
}

/** Does the work; what it throws at once is a promise that is rejected. */
export function orRejected<R extends Awaitable<unknown>>(work: () => R): R | Promise<never> {
  try {
    return work()
  } catch (error) {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is what was thrown
    return Promise.reject(error)
  }
}

/** @throws what `refusal` makes, where the value is a promise and nothing can wait for it */
export function atOnce<T>(value: T, refusal: () => Error): T {
  if (!isPromise(value)) return value
  disregard(value)
  throw refusal()
}

/** Goes on with what the work returns, or with its error: at once where it is there, later where it is a promise. */
export function settle<T, U>(
  work: () => Awaitable<T>,
  done: (value: T) => Awaitable<U>,
  fail: (error: unknown) => Awaitable<U>,
): Awaitable<U> {
  let value: Awaitable<T>
  try {
    value = work()
  } catch (error) {
    return fail(error)
  }
  return isPromise(value) ? Promise.resolve(value).then(done, fail) : done(value)
}
