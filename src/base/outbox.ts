/**
 * How many steps of waiting work are let go by before what was put in is sent: those whose answers came together go on one
 * after the other, each in a few steps of its own.
 */
const STEPS = 4

/**
 * Sends together what is put in together: who receives it has one thing to hear where there were many.
 *
 * Nothing waits for a timer, nor for an answer: all is sent before the event loop goes on.
 */
export class Outbox<T> {
  readonly #send: (items: T[]) => Promise<unknown>
  #next: { items: T[]; sending: Promise<void> } | undefined

  constructor(send: (items: T[]) => Promise<unknown>) {
    this.#send = send
  }

  /** Resolves when the item was sent, with all that went with it. */
  put(item: T): Promise<void> {
    if (this.#next) {
      this.#next.items.push(item)
      return this.#next.sending
    }
    const items = [item]
    const sending = this.#sendSoon(items)
    this.#next = { items, sending }
    return sending
  }

  async #sendSoon(items: T[]): Promise<void> {
    for (let step = 0; step < STEPS; step++) await Promise.resolve()
    this.#next = undefined
    await this.#send(items)
  }
}
