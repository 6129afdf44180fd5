/** Functions that are called with the same message. One that fails keeps nobody else from hearing it. */
export class Listeners<T> {
  /** Each in an object of its own: the same function may listen twice. */
  readonly #all = new Set<{ listener: (message: T) => void }>()

  get size(): number {
    return this.#all.size
  }

  /** Returns what ends the listening. */
  add(listener: (message: T) => void): () => void {
    const added = { listener }
    this.#all.add(added)
    return () => void this.#all.delete(added)
  }

  /** Throws the first error once everybody has heard the message. */
  call(message: T): void {
    const errors: unknown[] = []
    for (const { listener } of Array.from(this.#all)) {
      try {
        listener(message)
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}
