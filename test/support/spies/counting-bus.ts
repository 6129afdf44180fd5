import { MemoryBus, type Bus, type BusMessage } from 'koa-session-service'

/** A bus that keeps what was published, knows how many listen, and loses messages where the test wants it to. */
export class CountingBus implements Bus {
  readonly messages: BusMessage[] = []
  isDeaf = false
  readonly #bus = new MemoryBus()
  #emptied: (() => void)[] = []

  get size(): number {
    return this.#bus.size
  }

  publish(message: BusMessage): void {
    this.messages.push(message)
    if (!this.isDeaf) this.#bus.publish(message)
  }

  subscribe(listener: (message: BusMessage) => void): () => void {
    const unsubscribe = this.#bus.subscribe(listener)
    return () => {
      unsubscribe()
      if (this.size === 0) for (const tell of this.#emptied.splice(0)) tell()
    }
  }

  /** Waits until nobody listens any more. */
  whenEmpty(): Promise<void> {
    return new Promise((resolve) => this.#emptied.push(resolve))
  }
}
