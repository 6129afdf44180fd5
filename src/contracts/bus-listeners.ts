import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { debug } from '../base/debug'
import { SessionError } from '../base/errors'
import { Listeners } from '../base/listeners'
import { Outbox } from '../base/outbox'
import type { BusMessage } from './bus'
import { messagesIn, textOfMessages } from './bus-text'

/** The error of who listens to a bus that was closed. */
export function closedBus(name: string): SessionError {
  return new SessionError('ERR_SESSION_OPTIONS', `This ${name} was closed and hears nothing any more. Make a new one.`)
}

/** A connection that listens is in trouble: it is tried again. */
export function noteBusError(error: unknown): void {
  debug('bus: %s', (error as Error | undefined)?.message)
}

/** Calls a client that may be in trouble: a failure, at once or later, is noted, and nobody else's. */
export async function noting(call: () => unknown): Promise<void> {
  try {
    await call()
  } catch (error) {
    noteBusError(error)
  }
}

/** Those of this process who listen on a bus between processes, and what they are told. */
export class BusListeners {
  readonly #all = new Listeners<BusMessage>()
  /** What this process has published comes back to it: its own listeners have heard it by then. */
  readonly #name = randomUUID()
  readonly #outbox: Outbox<BusMessage>

  /** @param send sends messages to the other processes, together */
  constructor(send: (messages: readonly BusMessage[]) => Promise<unknown>) {
    this.#outbox = new Outbox(send)
  }

  add(listener: (message: BusMessage) => void): () => void {
    return this.#all.add(listener)
  }

  /** Tells those of this process at once, and then the others; throws the first error of a listener. */
  async publish(message: BusMessage): Promise<void> {
    const sending = this.#outbox.put(message)
    // It is awaited below: a listener that fails must not leave it alone with its own failure.
    sending.catch(() => undefined)
    this.#all.call(message)
    await sending
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
