import { isPromise, type Awaitable } from '../base/awaitable'

/**
 * What happened to a session. It names the session, the owner or the key by a hash: never a token, an id or an owner.
 *
 * - `written`: its record was written. `generation` counts how often the session has come to another account.
 * - `rotated`: the same, and the client's token was changed with it.
 * - `ended`: its record was removed.
 * - `revoked`: sessions of an owner were ended.
 * - `key`: a key was ended, at a position behind that of the end `before`. It spares the session `except`, or counts for later
 *   sessions too.
 * - `lost`: messages may have been lost. A bus tells its own listeners so; nobody publishes it.
 */
export type BusMessage =
  | { readonly kind: 'written' | 'rotated'; readonly session: string; readonly generation?: number }
  | { readonly kind: 'ended'; readonly session: string }
  | { readonly kind: 'revoked'; readonly owner: string }
  | {
      readonly kind: 'key'
      readonly key: string
      readonly position: number
      readonly before: number
      readonly except?: string
      readonly later?: true
    }
  | { readonly kind: 'lost' }

/**
 * Carries messages between those who use the same sessions: services, caches, and other processes.
 *
 * - `publish` returns when the message is on its way. It reaches each listener once, those of this process too.
 * - `subscribe` returns what ends the listening.
 *
 * A message says where to look, not what is true: its receiver looks at the store. One that is lost costs time, never
 * correctness.
 *
 * @example
 * class LoggingBus implements Bus {
 *   readonly #bus = new MemoryBus()
 *   publish(message: BusMessage) {
 *     console.log(message.kind)
 *     this.#bus.publish(message)
 *   }
 *   subscribe(listener: (message: BusMessage) => void) {
 *     return this.#bus.subscribe(listener)
 *   }
 * }
 */
export interface Bus {
  publish(message: BusMessage): Awaitable<void>
  subscribe(listener: (message: BusMessage) => void): () => void
}

/** Publishes without waiting: nobody's work fails, or takes longer, because a message does. */
export function publishAside(bus: Bus, message: BusMessage, fail: (error: unknown) => void): void {
  try {
    const publishing = bus.publish(message)
    if (isPromise(publishing)) publishing.then(undefined, fail)
  } catch (error) {
    fail(error)
  }
}
