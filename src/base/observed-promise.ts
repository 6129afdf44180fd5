/** A promise that knows whether anybody has asked for what became of it. Where nobody has, a failure ends no process. */
export class ObservedPromise<T> extends Promise<T> {
  #isObserved = false

  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  /** @param settled called when the work is done, with its error if it has failed */
  static of<T>(
    work: Promise<T>,
    settled: (promise: ObservedPromise<T>, failure: { error: unknown } | undefined) => void,
  ): ObservedPromise<T> {
    const promise = new ObservedPromise<T>((resolve, reject) => void work.then(resolve, reject))
    unobserved(promise).then(
      () => settled(promise, undefined),
      (error: unknown) => settled(promise, { error }),
    )
    return promise
  }

  get isObserved(): boolean {
    return this.#isObserved
  }

  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#isObserved = true
    return super.then(fulfilled, rejected)
  }
}

/** Asks for what becomes of a promise, and counts as nobody. */
export function unobserved<T>(promise: Promise<T>): Pick<Promise<T>, 'then'> {
  return { then: (fulfilled, rejected) => Promise.prototype.then.call(promise, fulfilled, rejected) as never }
}
