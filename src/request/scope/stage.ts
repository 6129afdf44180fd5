/** How far the middleware is with a request. */
export class Stage {
  #name: 'before' | 'handling' | 'committing' | 'after' = 'before'
  #whenEnded: (() => void) | undefined

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
    this.#whenEnded?.()
  }

  /** Calls back when the middleware is done; at once where nothing is under way. One can wait. */
  whenEnded(listener: () => void): void {
    if (this.isServing) this.#whenEnded = listener
    else listener()
  }
}
