import { SessionError } from '../../base/errors'
import type { Bus, BusMessage } from '../../contracts/bus'
import { BusListeners, closedBus } from '../../contracts/bus-listeners'
import { checkMethods } from '../checks'
import { PostgresSubscriber, type PostgresPool } from './postgres-subscriber'

export type { PostgresConnection, PostgresPool } from './postgres-subscriber'

/** The options of a {@link PostgresBus}. */
export interface PostgresBusOptions {
  /** The one channel that all processes share, a name of PostgreSQL: 63 bytes at most. Default: `session_bus`. */
  channel?: string
  /** How often the connection that listens is asked whether it is still there, in milliseconds. Default: 30 seconds. */
  checkEvery?: number
}

/** What PostgreSQL takes in a message is less than 8,000 bytes. */
const MAX_BYTES = 7900
const MAX_NAME_BYTES = 63

/**
 * Carries messages between processes with PostgreSQL's LISTEN and NOTIFY, through the application's `Pool` of `pg`: beside a
 * {@link KyselyStore}, one database is enough. From `koa-session-service/kysely`.
 *
 * It listens on one connection of the pool, which it takes when somebody subscribes first and keeps, and on another one when that
 * is lost. What was published meanwhile is lost: once it listens again, it says so with a message `lost`, and everybody looks at
 * the store. The pool has to lead to the server itself: PgBouncer in transaction mode carries no LISTEN. Where hundreds of
 * sessions are written in a second, take a `RedisBus`: PostgreSQL makes NOTIFY wait for one another, in the whole server.
 *
 * @example
 * const pool = new Pool({ connectionString: process.env.DATABASE_URL })
 * const db = new Kysely({ dialect: new PostgresDialect({ pool }) })
 * const bus = new PostgresBus(pool)
 * app.use(session({ store: new LayeredStore(new KyselyStore(db), { bus, maxStale: 60_000 }) }, app))
 *
 * @throws {SessionError} `ERR_SESSION_OPTIONS` for something that is no pool, and for a wrong option
 */
export class PostgresBus implements Bus {
  readonly #pool: PostgresPool
  readonly #channel: string
  readonly #checkEvery: number
  readonly #listeners = new BusListeners(async (messages) => this.#send(messages))
  #subscriber: PostgresSubscriber | undefined
  #isClosed = false

  constructor(pool: PostgresPool, { channel = 'session_bus', checkEvery = 30_000 }: PostgresBusOptions = {}) {
    checkMethods(pool, ['query', 'connect'], 'PostgresBus takes a Pool of pg')
    checkOptions(channel, checkEvery)
    this.#pool = pool
    this.#channel = channel
    this.#checkEvery = checkEvery
  }

  /** Tells the listeners of this process at once, also where PostgreSQL cannot be reached; then the other processes. */
  publish(message: BusMessage): Promise<void> {
    return this.#listeners.publish(message)
  }

  /** @throws {SessionError} `ERR_SESSION_OPTIONS` once the bus is closed */
  subscribe(listener: (message: BusMessage) => void): () => void {
    if (this.#isClosed) throw closedBus('PostgresBus')
    const unsubscribe = this.#listeners.add(listener)
    this.#subscriber ??= new PostgresSubscriber({
      pool: this.#pool,
      channel: this.#channel,
      checkEvery: this.#checkEvery,
      hear: (text) => this.#listeners.hear(text),
      listening: () => this.#listeners.wasDeaf(),
    })
    return unsubscribe
  }

  /** Gives up the connection that this bus listens on. Call it before `pool.end()`, which waits for it. The pool stays open: it is yours. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#subscriber?.end()
    this.#subscriber = undefined
  }

  /** In two where it is too long for one. */
  async #send(messages: readonly BusMessage[]): Promise<void> {
    const text = this.#listeners.textOf(messages)
    if (Buffer.byteLength(text) <= MAX_BYTES || messages.length === 1) {
      await this.#pool.query('select pg_notify($1, $2)', [this.#channel, text])
      return
    }
    const half = messages.length >> 1
    await Promise.all([this.#send(messages.slice(0, half)), this.#send(messages.slice(half))])
  }
}

function checkOptions(channel: unknown, checkEvery: unknown): void {
  const isName = typeof channel === 'string' && channel !== '' && !channel.includes('\0')
  if (!isName || Buffer.byteLength(channel) > MAX_NAME_BYTES) {
    throw new SessionError(
      'ERR_SESSION_OPTIONS',
      `The option "channel" of PostgresBus takes a text of 1 to ${MAX_NAME_BYTES} bytes without NUL.`,
    )
  }
  if (!Number.isSafeInteger(checkEvery) || (checkEvery as number) <= 0 || (checkEvery as number) >= 2 ** 31) {
    throw new SessionError(
      'ERR_SESSION_OPTIONS',
      'The option "checkEvery" of PostgresBus takes milliseconds: a whole number over 0, such as 30_000.',
    )
  }
}
