/** How many sessions are remembered: those whose token has changed last. */
const MAX_SESSIONS = 10_000

/** Which sessions of this process have lost the token that their clients held, by a rotation or by their end. */
export class TokenChanges {
  readonly #last = new Map<string, number>()
  #count = 0

  note(id: string): void {
    this.#last.delete(id)
    this.#last.set(id, ++this.#count)
    if (this.#last.size <= MAX_SESSIONS) return
    for (const [oldest] of this.#last) {
      this.#last.delete(oldest)
      return
    }
  }

  /** A number that is another one once the session's token has changed. */
  of(id: string): number {
    return this.#last.get(id) ?? 0
  }
}
