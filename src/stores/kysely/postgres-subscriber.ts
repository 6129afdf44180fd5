import { setTimeout } from 'node:timers/promises'
import { noteBusError, noting } from '../../contracts/bus-listeners'

/** A connection of a {@link PostgresPool}: what of it is used. */
export interface PostgresConnection {
  query(text: string): Promise<unknown>
  on(event: 'notification', listener: (message: { channel: string; payload?: string }) => void): unknown
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown
  release(destroy: true): void
}

/** A `Pool` of the package `pg`: what of it is used. */
export interface PostgresPool {
  query(text: string, values: unknown[]): Promise<unknown>
  connect(): Promise<PostgresConnection>
}

export interface Subscription {
  pool: PostgresPool
  channel: string
  /** How often the connection is asked whether it is there, in milliseconds. */
  checkEvery: number
  hear: (text: string) => void
  /** Called whenever it begins to listen: what was published before is not heard. */
  listening: () => void
}

/** Between two attempts to connect, in milliseconds. */
const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 5000

/** Listens on one connection of the pool, and takes another one when that is lost, until it is ended. */
export class PostgresSubscriber {
  readonly #subscription: Subscription
  #isEnded = false
  #letGo: () => void = () => undefined

  constructor(subscription: Subscription) {
    this.#subscription = subscription
    void this.#run()
  }

  end(): void {
    this.#isEnded = true
    this.#letGo()
  }

  async #run(): Promise<void> {
    let pause = FIRST_PAUSE_MS
    while (!this.#isEnded) {
      const hasListened = await this.#listen()
      if (this.#isEnded) return
      pause = hasListened ? FIRST_PAUSE_MS : Math.min(2 * pause, MAX_PAUSE_MS)
      await setTimeout(pause, undefined, { ref: false })
    }
  }

  /** Listens until the connection is lost; returns whether it has listened at all. */
  async #listen(): Promise<boolean> {
    const { pool, channel, checkEvery, hear, listening } = this.#subscription
    let connection: PostgresConnection | undefined
    let checking: NodeJS.Timeout | undefined
    try {
      connection = await pool.connect()
      const lost = this.#whenLost(connection)
      checking = checkAgainAndAgain(connection, checkEvery, this.#letGo)
      connection.on('notification', (message) => {
        if (message.channel === channel) hear(message.payload ?? '')
      })
      const isListening = await Promise.race([connection.query(`listen ${quoted(channel)}`), lost.then(() => LOST)])
      if (isListening === LOST || this.#isEnded) return false
      listening()
      await lost
      return true
    } catch (error) {
      noteBusError(error)
      return false
    } finally {
      clearInterval(checking)
      void noting(() => connection?.release(true))
    }
  }

  #whenLost(connection: PostgresConnection): Promise<void> {
    const lost = new Promise<void>((resolve) => (this.#letGo = resolve))
    const letGo = this.#letGo
    connection.on('end', () => letGo())
    connection.on('error', (error) => {
      noteBusError(error)
      letGo()
    })
    return lost
  }
}

const LOST = Symbol('lost')

/** A connection whose other end is gone without a word answers nothing: then it is lost, too. */
function checkAgainAndAgain(connection: PostgresConnection, every: number, letGo: () => void): NodeJS.Timeout {
  let isAnswered = true
  const check = (): void => {
    if (!isAnswered) return letGo()
    isAnswered = false
    void noting(async () => {
      await connection.query('select 1')
      isAnswered = true
    })
  }
  return setInterval(check, every).unref()
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
