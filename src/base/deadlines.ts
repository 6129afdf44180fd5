/** Something that is waited for, and what ends the waiting. */
interface Waiting {
  readonly until: number
  readonly expire: () => void
}

/** Ends whatever takes too long, with one timer for all: what is waited for equally long ends in the order of its beginning. */
export class Deadlines {
  readonly #timeout: number
  readonly #waiting = new Set<Waiting>()
  #timer: NodeJS.Timeout | undefined

  /** @param timeout in milliseconds */
  constructor(timeout: number) {
    this.#timeout = timeout
  }

  /** Resolves or rejects as `answer` does; rejects with what `late` returns where that takes too long. */
  race<T>(answer: PromiseLike<T>, late: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { until: performance.now() + this.#timeout, expire: () => reject(late()) }
      const settled = <V>(settle: (value: V) => void) => {
        return (value: V): void => {
          this.#waiting.delete(waiting)
          // The timer is left as it is: to stop and start one for each call costs more than the call.
          if (this.#waiting.size === 0) this.#timer?.unref()
          settle(value)
        }
      }
      this.#waiting.add(waiting)
      this.#start()
      answer.then(settled(resolve), settled(reject))
    })
  }

  #start(): void {
    if (this.#timer) return void (this.#waiting.size === 1 && this.#timer.ref())
    this.#timer = setTimeout(() => this.#check(), this.#timeout)
  }

  #check(): void {
    this.#timer = undefined
    const now = performance.now()
    for (const waiting of this.#waiting) {
      // Timers are early by a fraction of a millisecond.
      if (waiting.until - now >= 1) {
        this.#timer = setTimeout(() => this.#check(), waiting.until - now)
        return
      }
      this.#waiting.delete(waiting)
      waiting.expire()
    }
  }
}
