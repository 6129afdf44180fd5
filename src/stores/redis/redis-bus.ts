import { SessionError } from '../../base/errors'
import type { Bus, BusMessage } from '../../contracts/bus'
import { BusListeners, closedBus } from '../../contracts/bus-listeners'
import { senderOf, type RedisClient } from './redis-client'
import { duplicateOf, type Subscriber } from './redis-subscriber'

/** The options of a {@link RedisBus}. */
export interface RedisBusOptions {
  /** The one channel that all processes share. Default: `session:bus`. */
  channel?: string
}

/**
 * Carries messages between processes with Redis' publish and subscribe, through a ready client of ioredis, iovalkey or
 * `redis`, of a single server or a cluster. From `koa-session-service/redis`.
 *
 * It listens on a connection of its own, which it opens when somebody subscribes first, and opens again when it breaks. What
 * was published meanwhile is lost: once it listens again, it says so with a message `lost`, and everybody looks at the
 * store. A cluster's client does not tell when that happens; there, `recheckEvery` and `maxStale` bound what is missed.
 *
 * @example
 * import { Redis } from 'ioredis'
 * const redis = new Redis()
 * const bus = new RedisBus(redis)
 * app.use(session({ store: new LayeredStore(new RedisStore(redis), { bus, maxStale: 60_000 }) }, app))
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for something that is no client
 */
export class RedisBus implements Bus {
  readonly #client: RedisClient
  readonly #channel: string
  readonly #listeners: BusListeners
  #subscriber: Subscriber | undefined
  #isClosed = false

  constructor(client: RedisClient, { channel = 'session:bus' }: RedisBusOptions = {}) {
    if (typeof channel !== 'string' || channel === '') {
      throw new SessionError('ERR_SESSION_OPTIONS', 'The option "channel" of RedisBus takes a text that is not empty.')
    }
    this.#client = client
    const send = senderOf(client)
    this.#listeners = new BusListeners(async (messages) => send('PUBLISH', channel, this.#listeners.textOf(messages)))
    this.#channel = channel
    const { duplicate, subscribe } = client as { duplicate?: unknown; subscribe?: unknown }
    if (typeof duplicate !== 'function' || typeof subscribe !== 'function') {
      throw new SessionError(
        'ERR_SESSION_OPTIONS',
        'RedisBus takes a client with the methods "duplicate" and "subscribe", of ioredis, iovalkey or redis: it listens on a second connection.',
      )
    }
  }

  /** Tells the listeners of this process at once, also where Redis cannot be reached; then the other processes. */
  publish(message: BusMessage): Promise<void> {
    return this.#listeners.publish(message)
  }

  /** @throws {SessionError} `ERR_SESSION_OPTIONS` once the bus is closed */
  subscribe(listener: (message: BusMessage) => void): () => void {
    if (this.#isClosed) throw closedBus('RedisBus')
    const unsubscribe = this.#listeners.add(listener)
    this.#subscriber ??= duplicateOf(this.#client, {
      channel: this.#channel,
      hear: (text) => this.#listeners.hear(text),
      listening: () => this.#listeners.wasDeaf(),
    })
    return unsubscribe
  }

  /** Ends the connection that this bus listens on. The client that it was given stays open: it is yours. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#subscriber?.end()
    this.#subscriber = undefined
  }
}
