/** A promise that the test settles. */
export interface Deferred<T = void> {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: unknown) => void
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}

/**
 * Holds whoever arrives until `size` are there, then lets them go one after the other in an order of its own; and holds
 * the next ones.
 */
export class Barrier {
  readonly #waiting: (() => void)[] = []

  constructor(readonly size: number) {}

  arrive(): Promise<void> {
    return new Promise((goOn) => {
      this.#waiting.push(goOn)
      if (this.#waiting.length === this.size) this.#open()
    })
  }

  #open(): void {
    const waiting = this.#waiting.splice(0)
    const step = Math.max(1, Math.floor(this.size / 3))
    for (let first = 0; first < step; first++) {
      for (let index = first; index < this.size; index += step) setImmediate(waiting[index])
    }
  }
}

/** Lets everything go on that can. */
export async function everythingElse(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}
