import type { Awaitable } from './awaitable'

/** Does one thing after the other, whether or not the one before has failed. */
export class TaskQueue {
  #last: Promise<unknown> | undefined

  /** Whether anything was ever put into it. */
  get isUsed(): boolean {
    return this.#last !== undefined
  }

  run<T>(work: () => Awaitable<T>): Promise<T> {
    const mine = (this.#last ?? Promise.resolve()).then(work)
    this.#last = mine.catch(() => undefined)
    return mine
  }

  /** Whatever comes next waits for this too, which is under way already: nothing was put in before. */
  startWith(work: PromiseLike<unknown>): void {
    this.#last = Promise.resolve(work).catch(() => undefined)
  }

  /** Waits until all is done that was put into it so far. */
  async idle(): Promise<void> {
    await this.#last
  }
}
