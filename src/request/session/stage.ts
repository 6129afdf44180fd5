/** How far the middleware is with a request. */
export class Stage {
  #name: 'before' | 'now' | 'after' = 'before'

  /** Whether the middleware has not called the handlers yet. */
  get isBefore(): boolean {
    return this.#name === 'before'
  }

  /** Whether the handlers run. */
  get isNow(): boolean {
    return this.#name === 'now'
  }

  /** The handlers begin. */
  begin(): void {
    this.#name = 'now'
  }

  /** The handlers are done. */
  end(): void {
    this.#name = 'after'
  }
}
