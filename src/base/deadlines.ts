import { Alarm, hasFakeTimers } from './alarm'
import { monotonic } from './monotonic'

/** Something that is waited for, and what ends the waiting. */
interface Waiting {
  readonly until: number
  readonly expire: () => void
}

/** Ends whatever takes too long, with one timer for all: what is waited for equally long ends in the order of its beginning. */
export class Deadlines {
  readonly #timeout: number
  readonly #waiting = new Set<Waiting>()
  #alarm: Alarm | undefined

  /** @param timeout in milliseconds */
  constructor(timeout: number) {
    this.#timeout = timeout
  }

  /** Resolves or rejects as `answer` does; rejects with what `late` returns where that takes too long. */
  race<T>(answer: PromiseLike<T>, late: () => Error): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { until: monotonic() + this.#timeout, expire: () => reject(late()) }
      const settled = <V>(settle: (value: V) => void) => {
        return (value: V): void => {
          this.#waiting.delete(waiting)
          // The timer is left as it is: to stop and start one for each call costs more than the call.
          if (this.#waiting.size === 0) this.#alarm?.unref()
          settle(value)
        }
      }
      this.#waiting.add(waiting)
      this.#start(waiting)
      answer.then(settled(resolve), settled(reject))
    })
  }

  /** Fake timers know how long is left of each, and the real clock does not: there each has a timer of its own. */
  #start(waiting: Waiting): void {
    if (!this.#alarm?.isSet || hasFakeTimers()) return this.#set(waiting, this.#timeout)
    if (this.#waiting.size === 1) this.#alarm.ref()
  }

  #set(first: Waiting, delay: number): void {
    this.#alarm = new Alarm(() => this.#check(first))
    this.#alarm.set(delay)
  }

  /** @param first what the timer was set for: its time is past, and that of all before it, whatever the clock says */
  #check(first: Waiting): void {
    const now = monotonic()
    for (const waiting of this.#waiting) {
      if (waiting.until > Math.max(now, first.until)) {
        if (!this.#alarm?.isSet) this.#set(waiting, waiting.until - now)
        return
      }
      this.#waiting.delete(waiting)
      waiting.expire()
    }
  }
}
