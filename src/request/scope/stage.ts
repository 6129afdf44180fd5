/** How far the middleware is with a request. */
export class Stage {
  #name: 'before' | 'handling' | 'committing' | 'after' = 'before'

  /** Whether the middleware has not called the handlers yet. */
  get isBefore(): boolean {
    return this.#name === 'before'
  }

  /** Whether the handlers run. */
  get isHandling(): boolean {
    return this.#name === 'handling'
  }

  /** Whether the handlers are done, and the session is written. */
  get isCommitting(): boolean {
    return this.#name === 'committing'
  }

  /** Whether the middleware is still to ask for what became of the session. */
  get isServing(): boolean {
    return this.#name === 'handling' || this.#name === 'committing'
  }

  /** The handlers begin. */
  begin(): void {
    this.#name = 'handling'
  }

  /** The handlers are done. */
  commit(): void {
    this.#name = 'committing'
  }

  /** The middleware is done. */
  end(): void {
    this.#name = 'after'
  }
}
