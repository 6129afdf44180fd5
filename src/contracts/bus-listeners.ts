import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { debug } from '../base/debug'
import { Listeners } from '../base/listeners'
import type { BusMessage } from './bus'
import { messagesIn, textOfMessages } from './bus-text'

/** Those of this process who listen on a bus between processes, and what they are told. */
export class BusListeners {
  readonly #all = new Listeners<BusMessage>()
  /** What this process has published comes back to it: its own listeners have heard it by then. */
  readonly #name = randomUUID()

  add(listener: (message: BusMessage) => void): () => void {
    return this.#all.add(listener)
  }

  /** Tells what this process publishes itself; throws the first error of a listener. */
  call(message: BusMessage): void {
    this.#all.call(message)
  }

  /** Messages of this process as the text that the others receive. */
  textOf(messages: readonly BusMessage[]): string {
    return textOfMessages(messages, this.#name)
  }

  /** Tells what a text from another process says. */
  hear(text: string): void {
    const messages = messagesIn(text, this.#name)
    if (!messages) return debug('bus: a message of %d characters was left out', text.length)
    for (const message of messages) this.#deliver(message)
  }

  /** The bus listens from now on: what was published before is not heard. */
  wasDeaf(): void {
    this.#deliver({ kind: 'lost' })
  }

  /** No caller is here to catch an error of a listener. */
  #deliver(message: BusMessage): void {
    try {
      this.#all.call(message)
    } catch (error) {
      process.emitWarning(inspect(error))
    }
  }
}
