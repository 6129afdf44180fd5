import { Listeners } from '../base/listeners'
import type { Bus, BusMessage } from '../contracts/bus'

/**
 * Carries messages within this process, at once.
 *
 * Each store has one by default, so that all services on the same store hear of each other. Make one yourself for several
 * store objects over the same records, such as two {@link LayeredStore}s.
 *
 * @example
 * const bus = new MemoryBus()
 * const store = new LayeredStore(new MemoryStore(), { bus, maxStale: 60_000 })
 */
export class MemoryBus implements Bus {
  readonly #listeners = new Listeners<BusMessage>()

  /** How many listen. */
  get size(): number {
    return this.#listeners.size
  }

  publish(message: BusMessage): void {
    this.#listeners.call(message)
  }

  subscribe(listener: (message: BusMessage) => void): () => void {
    return this.#listeners.add(listener)
  }
}
