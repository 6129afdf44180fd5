import { Alarm, hasFakeTimers } from './alarm'
import { monotonic } from './monotonic'

/** A call in the line of those that are waited for, in the order of their beginnings. */
interface Call {
  readonly until: number
  readonly fail: (error: unknown) => void
  before: Call | undefined
  after: Call | undefined
}

/**
 * Ends whatever takes too long, with one timer for all: what is waited for equally long ends in the order of its beginning.
 *
 * Most answers come at once, so that a call costs little beside its promise: it takes its place at the end of the line, and leaves
 * it from wherever it is.
 */
export class Deadlines {
  readonly #timeout: number
  readonly #late: () => Error
  #first: Call | undefined
  #last: Call | undefined
  #alarm: Alarm | undefined

  /**
   * @param timeout in milliseconds
   * @param late makes the error of what takes longer
   */
  constructor(timeout: number, late: () => Error) {
    this.#timeout = timeout
    this.#late = late
  }

  /**
   * Resolves as `answer` does; rejects with what `failure` makes of its error, or of that of an answer that takes too long.
   */
  race<T>(answer: PromiseLike<T>, failure: (error: unknown) => unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an error of the answer may be anything
      const call = this.#begin((error) => reject(failure(error)))
      Promise.resolve(answer).then(
        (value) => {
          this.#end(call)
          resolve(value)
        },
        (error: unknown) => {
          this.#end(call)
          call.fail(error)
        },
      )
    })
  }

  #begin(fail: Call['fail']): Call {
    const last = this.#last
    const call: Call = { until: monotonic() + this.#timeout, fail, before: last, after: undefined }
    if (last) last.after = call
    else this.#first = call
    this.#last = call
    // Fake timers know how long is left of each, and the real clock does not: there each has a timer of its own.
    if (!this.#alarm?.isSet || hasFakeTimers()) this.#set(call, this.#timeout)
    else if (!last) this.#alarm.ref()
    return call
  }

  /** The timer is left as it is: to stop and start one for each call costs more than the call. */
  #end(call: Call): void {
    const { before, after } = call
    if (before) before.after = after
    else if (this.#first === call) this.#first = after
    else return
    if (after) after.before = before
    else this.#last = before
    // One that is never answered would keep all that came after it.
    call.before = call.after = undefined
    if (!this.#first) this.#alarm?.unref()
  }

  #set(first: Call, delay: number): void {
    this.#alarm = new Alarm(() => this.#check(first))
    this.#alarm.set(delay)
  }

  /** @param due what the timer was set for: its time is past, and that of all before it, whatever the clock says */
  #check(due: Call): void {
    const now = monotonic()
    for (let call = this.#first; call; call = this.#first) {
      if (call.until > Math.max(now, due.until)) {
        if (!this.#alarm?.isSet) this.#set(call, call.until - now)
        return
      }
      this.#end(call)
      call.fail(this.#late())
    }
  }
}
