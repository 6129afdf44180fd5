/** A provider whose refresh tokens are good once: a second use of one is what it takes for a theft. */
export class Provider {
  calls = 0
  invalid = 0
  /** What the next calls wait for. */
  answer: () => Promise<unknown> = () => new Promise((resolve) => setTimeout(resolve, 15))
  #current = 0

  /** Returns the next token. */
  async refresh(token: number): Promise<number> {
    this.calls++
    await this.answer()
    if (token === this.#current) return ++this.#current
    this.invalid++
    throw new Error('invalid_grant')
  }
}
